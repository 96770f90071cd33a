-- Which money was taken for a cart that another payment had settled, and has not been given back?
--
-- A row is a payment that is surplus (another one settled the cart) or held (its amount is not the cart's any more, or its refund has
-- not ended), with what is not yet on its way back. Amounts are Mollie's own, to the cent. `refund_state` is that of the newest refund;
-- NULL: there is none.
--
-- What to do: refund it through the bridge (POST /v1/payments/{payment_id}/refund), which keeps the refund from the module, so that the
-- order stays paid. A held payment is decided by the bridge as soon as the cart's other payment, or its refund, ends: wait.
--
-- Needs the bridge's tables. Times are UTC. Only payments since the date below. One pass over the attempts; index: refund_tx.
SELECT
    found.cart_id,
    found.id_shop,
    found.payment_id,
    found.transaction_id,
    found.state,
    found.currency,
    found.paid_minor * CASE WHEN found.currency IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END      AS paid,
    found.returned_minor * CASE WHEN found.currency IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END  AS on_its_way_back,
    (found.paid_minor - found.returned_minor) * CASE WHEN found.currency IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS at_risk,
    found.refund_state,
    found.processed_at
FROM (
    SELECT
        a.id_cart                                                           AS cart_id,
        a.id_shop,
        a.id                                                                AS payment_id,
        a.transaction_id,
        a.state,
        COALESCE(a.charged_currency, a.currency)                            AS currency,
        COALESCE(a.charged_minor, a.amount_minor)                           AS paid_minor,
        COALESCE((
            SELECT SUM(r.amount_minor)
            FROM ps_molbridge_refund AS r
            WHERE r.transaction_id = a.transaction_id AND r.state IN ('queued', 'sent', 'refunded')
        ), 0)                                                               AS returned_minor,
        (
            SELECT r.state
            FROM ps_molbridge_refund AS r
            WHERE r.transaction_id = a.transaction_id
            ORDER BY r.id DESC
            LIMIT 1
        )                                                                   AS refund_state,
        a.processed_at
    FROM ps_molbridge_attempt AS a
    WHERE a.state IN ('surplus', 'held') AND a.created_at >= '2000-01-01'
) AS found
WHERE found.paid_minor > found.returned_minor
ORDER BY found.processed_at DESC, found.payment_id;
