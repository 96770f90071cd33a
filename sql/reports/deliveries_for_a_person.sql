-- Which webhooks has the bridge given up?
--
-- A row is a delivery that went wrong as often as the bridge tries (webhooks.tries) and will not be tried again by itself.
--
-- What to do: read `last_error`, put right what it names, and have Mollie send the webhook again, or replay it.
--
-- Needs the bridge's tables. Times are UTC. Only deliveries since the date below. Index: delivery_due.
SELECT
    d.id                                                                    AS delivery_id,
    d.transaction_id,
    d.id_cart                                                               AS cart_id,
    d.id_shop,
    d.source,
    d.seen_status                                                           AS mollie_said,
    d.decision,
    d.tries,
    d.last_error,
    d.received_at,
    d.updated_at
FROM ps_molbridge_delivery AS d
WHERE d.state = 'dead' AND d.received_at >= '2000-01-01'
ORDER BY d.received_at DESC, d.id;
