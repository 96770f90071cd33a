-- Which carts were settled, and their order could not be verified?
--
-- A row is a cart whose payment was passed on to the shop more than five minutes ago, while the bridge has not found an order that fits
-- it: one reference, the amount that was charged, the payment's row. The money is in; the order is missing or wrong.
--
-- What to do: `mismatches` says what does not fit, as it was last seen. The inbox tries again by itself while `tries_left` is 1; then
-- put the order right in the shop's back office and have the webhook sent again.
--
-- Needs the bridge's tables. Times are UTC. Only carts whose payment was made since the date below. One pass over the carts (an index
-- on order_phase where there is one); indexes: attempt_tx, audit_cart.
SELECT
    c.id_cart                                                               AS cart_id,
    c.id_shop,
    c.settled_transaction_id                                                AS transaction_id,
    COALESCE(a.charged_currency, a.currency)                                AS currency,
    COALESCE(a.charged_minor, a.amount_minor)
        * CASE WHEN COALESCE(a.charged_currency, a.currency) IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS paid,
    (
        SELECT noted.detail
        FROM ps_molbridge_audit AS noted
        WHERE noted.id_shop = c.id_shop AND noted.id_cart = c.id_cart AND noted.event = 'order.mismatch'
        ORDER BY noted.id DESC
        LIMIT 1
    )                                                                       AS mismatches,
    EXISTS (
        SELECT 1
        FROM ps_molbridge_delivery AS d
        WHERE d.transaction_id = c.settled_transaction_id AND d.state IN ('received', 'working', 'failed')
    )                                                                       AS tries_left,
    a.processed_at
FROM ps_molbridge_cart AS c
JOIN ps_molbridge_attempt AS a ON a.transaction_id = c.settled_transaction_id
WHERE c.order_phase = 'started'
    AND a.updated_at < UTC_TIMESTAMP() - INTERVAL 5 MINUTE
    AND a.created_at >= '2000-01-01'
ORDER BY a.processed_at DESC, c.id_cart;
