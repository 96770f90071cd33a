-- Which payments were begun and never heard of again?
--
-- A row is a payment that still stands as not finished in the Mollie module's table 30 minutes after it was made. Most were simply
-- abandoned: the module does not store that a payment was canceled, has expired or failed. But a payment whose webhook was lost
-- looks exactly the same, and that one is PAID. `paid_otherwise` is 1 where another payment of the cart was recorded as paid;
-- `order_id` is not 0 where an order waits for this one (a bank transfer).
--
-- What to do: rows with `paid_otherwise` 0 and no order are worth a look at Mollie, the newest first: one that is paid there has no
-- order here. `mollie-bridge reconcile` asks Mollie about all of them.
--
-- Ages are measured by the database's own clock, with which the module writes its times. Only payments since the date below.
-- One pass over ps_mollie_payments; index: cart_id.
SELECT
    p.transaction_id,
    p.cart_id,
    (SELECT cart.id_shop FROM ps_cart AS cart WHERE cart.id_cart = p.cart_id) AS id_shop,
    p.method,
    p.bank_status,
    COALESCE(p.order_id, 0)                                                 AS order_id,
    EXISTS (
        SELECT 1
        FROM ps_mollie_payments AS other
        WHERE other.cart_id = p.cart_id
            AND other.transaction_id <> p.transaction_id
            AND other.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
    )                                                                       AS paid_otherwise,
    TIMESTAMPDIFF(MINUTE, p.created_at, NOW())                              AS minutes,
    p.created_at
FROM ps_mollie_payments AS p
WHERE p.bank_status IN ('open', 'pending', 'created')
    AND p.created_at < NOW() - INTERVAL 30 MINUTE
    AND p.created_at >= '2000-01-01'
ORDER BY p.created_at DESC, p.transaction_id;
