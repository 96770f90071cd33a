-- Which orders count as paid without any payment on record?
--
-- A row is an order of the Mollie module in a state that counts as paid, while the module's table holds no payment at all of its cart.
-- (Where it holds some, none of them paid, the order is in status_disagreement.)
--
-- What to do: before it is shipped, look for the payment in Mollie's dashboard by the order's reference. Usual reasons: somebody set the
-- state by hand, or rows were deleted from the module's table.
--
-- Times are the shop's. Only orders since the date below. One pass over ps_orders and one over an index of ps_mollie_payments
-- (cart_id). A look into that index for each of a million orders takes twice as long: so the carts are laid out as bits, 64 to a row,
-- and of those short tables one is taken from the other. (The 0 is unsigned: MySQL makes a decimal of a mixture, which has no 64th bit.)
SELECT
    o.id_order,
    o.reference,
    o.id_cart,
    o.id_shop,
    o.current_state,
    currency.iso_code                                                       AS currency,
    o.total_paid,
    o.date_add
FROM (
    SELECT ordered.block, ordered.carts & ~COALESCE(paying.carts, CAST(0 AS UNSIGNED)) AS carts
    FROM (
        SELECT o.id_cart DIV 64 AS block, BIT_OR(1 << o.id_cart % 64) AS carts
        FROM ps_orders AS o
        WHERE o.module = 'mollie'
        GROUP BY block
    ) AS ordered
    LEFT JOIN (
        SELECT p.cart_id DIV 64 AS block, BIT_OR(1 << p.cart_id % 64) AS carts
        FROM ps_mollie_payments AS p
        GROUP BY block
    ) AS paying ON paying.block = ordered.block
    WHERE ordered.carts & ~COALESCE(paying.carts, CAST(0 AS UNSIGNED)) > 0
    LIMIT 1000000000 -- made once
) AS suspect
STRAIGHT_JOIN (
    WITH RECURSIVE bits (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM bits WHERE n < 63) SELECT n FROM bits
) AS bits ON suspect.carts >> bits.n & 1 = 1
STRAIGHT_JOIN ps_orders AS o ON o.id_cart = suspect.block * 64 + bits.n
JOIN ps_order_state AS state ON state.id_order_state = o.current_state
LEFT JOIN ps_currency AS currency ON currency.id_currency = o.id_currency
WHERE o.module = 'mollie'
    AND state.paid = 1
    AND o.date_add >= '2000-01-01'
ORDER BY o.date_add DESC, o.id_order DESC;
