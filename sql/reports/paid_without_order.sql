-- Which payments brought in money and have no order?
--
-- A row is a payment that the Mollie module recorded as paid or authorized, naming no order, while the shop has no order for its cart.
-- The customer has paid and gets nothing.
--
-- What to do: look the transaction up at Mollie. If it is paid and not refunded, have the webhook sent again, which makes the order; or
-- refund it.
--
-- Not known here: payments whose webhook never came or broke off. The module writes `paid` last, so most of them still stand as
-- `open` (see stuck_payments); only Mollie knows which of those are paid.
-- Times are the shop's. Only payments since the date below. One pass over ps_mollie_payments; index: ps_orders (id_cart).
SELECT
    p.transaction_id,
    p.cart_id,
    (SELECT cart.id_shop FROM ps_cart AS cart WHERE cart.id_cart = p.cart_id) AS id_shop,
    p.method,
    p.bank_status,
    p.created_at,
    p.updated_at
FROM ps_mollie_payments AS p
LEFT JOIN ps_orders AS of_cart ON of_cart.id_cart = p.cart_id AND p.cart_id > 0
WHERE p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
    AND COALESCE(p.order_id, 0) = 0
    AND p.created_at >= '2000-01-01'
    AND of_cart.id_order IS NULL
ORDER BY p.created_at DESC, p.transaction_id;
