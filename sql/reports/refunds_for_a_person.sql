-- Which refunds wait for somebody?
--
-- A row is a refund that the bridge will not make by itself, or could not make for long. `state`:
--   proposed    the money is surplus, and the policy is that an admin says yes or no first
--   failed      Mollie refused it; `last_error` is Mollie's reason
--   uncertain   it was sent, and nobody knows whether Mollie made it. It is never sent again blindly
--   queued      it was asked for more than six hours ago and could not be sent: no Mollie key, or no way to Mollie
--
-- What to do: proposed: approve or drop it. failed: read the reason, refund in Mollie's dashboard or in another way. uncertain: look at
-- the payment's refunds at Mollie; there: all is well; not there: ask for it again. queued: see to the key; it is then sent by itself.
--
-- Needs the bridge's tables. Times are UTC. Only refunds asked for since the date below. Index: refund_state.
SELECT
    r.id                                                                    AS refund_id,
    r.state,
    r.id_cart                                                               AS cart_id,
    r.id_shop,
    r.attempt_id                                                            AS payment_id,
    r.transaction_id,
    r.currency,
    r.amount_minor * CASE WHEN r.currency IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS amount,
    r.last_error,
    r.created_at
FROM ps_molbridge_refund AS r
WHERE r.state IN ('proposed', 'failed', 'uncertain', 'queued') AND r.created_at >= '2000-01-01'
    AND (r.state <> 'queued' OR r.created_at < UTC_TIMESTAMP() - INTERVAL 6 HOUR)
ORDER BY r.created_at DESC, r.id;
