-- Which orders count as paid without any payment on record?
--
-- A row is an order of the Mollie module in a state that counts as paid, while the module's table holds no payment at all of its cart.
-- (Where it holds some, none of them paid, the order is in status_disagreement.)
--
-- What to do: before it is shipped, look for the payment in Mollie's dashboard by the order's reference. Usual reasons: somebody set the
-- state by hand, or rows were deleted from the module's table.
--
-- Times are the shop's. Only orders since the date below. Indexes: ps_orders (id_cart), ps_mollie_payments (cart_id), both read whole.
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
    -- Read from the two indexes alone; the LIMIT keeps it so.
    SELECT ordered.id_order
    FROM ps_orders AS ordered
    LEFT JOIN ps_mollie_payments AS p ON p.cart_id = ordered.id_cart
    WHERE p.cart_id IS NULL
    LIMIT 1000000000
) AS suspect
STRAIGHT_JOIN ps_orders AS o ON o.id_order = suspect.id_order
JOIN ps_order_state AS state ON state.id_order_state = o.current_state
LEFT JOIN ps_currency AS currency ON currency.id_currency = o.id_currency
WHERE o.module = 'mollie'
    AND state.paid = 1
    AND o.date_add >= '2000-01-01'
ORDER BY o.date_add DESC, o.id_order DESC;
