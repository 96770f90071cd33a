-- Where do the shop's order and the module's payments say different things about the money?
--
-- A row is an order of the Mollie module and a payment of its cart. `disagreement` is one of two:
--   paid, order not     the payment was recorded as paid or authorized, and the order's state does not count as paid: awaiting payment,
--                       payment error, canceled. The customer has paid, and the shop does not ship. Orders that were refunded, charged
--                       back or sent (the states configured for that) are left out, and split orders of which another part counts.
--   order paid, not it  the order counts as paid, and of the cart's payments none was recorded as paid. The shop ships, perhaps for
--                       nothing.
--
-- What to do: look the transaction up at Mollie, which is right, and set the order's state to what it says. With a canceled order the
-- payment is often the second of two (see duplicate_payments): refund it.
--
-- Times are the shop's. Only payments since the date below. Indexes: ps_orders (current_state, id_cart), ps_mollie_payments (cart_id).
-- One pass over ps_mollie_payments, in which the carts with payments and those with a paid one are laid out as bits, 64 to a row.
-- COUNT(*) = 0 rather than NOT EXISTS: of that MariaDB makes a temporary table of everything.
SELECT
    found.disagreement,
    found.id_order,
    found.reference,
    found.id_cart,
    found.id_shop,
    found.current_state,
    currency.iso_code                                                       AS currency,
    found.total_paid,
    found.transaction_id,
    found.bank_status,
    found.created_at
FROM (
    SELECT
        'paid, order not'                                                   AS disagreement,
        o.id_order, o.reference, o.id_cart, o.id_shop, o.current_state, o.id_currency, o.total_paid,
        p.transaction_id, p.bank_status, p.created_at
    FROM ps_order_state AS state
    STRAIGHT_JOIN ps_orders AS o ON o.current_state = state.id_order_state
    STRAIGHT_JOIN ps_mollie_payments AS p ON p.cart_id = o.id_cart
    WHERE state.paid = 0
        AND state.id_order_state NOT IN (
            SELECT CAST(setting.value AS UNSIGNED)
            FROM ps_configuration AS setting
            WHERE setting.name IN (
                    'PS_OS_REFUND', 'MOLLIE_STATUS_REFUNDED', 'MOLLIE_STATUS_PARTIAL_REFUND', 'MOLLIE_STATUS_CHARGEBACK',
                    'MOLLIE_STATUS_SHIPPING', 'MOLLIE_STATUS_COMPLETED', 'MOLLIE_STATUS_ORDER_COMPLETED'
                )
                AND setting.value IS NOT NULL
        )
        AND o.module = 'mollie'
        AND p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
        AND p.created_at >= '2000-01-01'
        AND (
            SELECT COUNT(*)
            FROM ps_orders AS part
            JOIN ps_order_state AS part_state ON part_state.id_order_state = part.current_state
            WHERE part.id_cart = o.id_cart AND part.reference = o.reference AND part_state.paid = 1
        ) = 0
    UNION ALL
    SELECT
        'order paid, not it',
        o.id_order, o.reference, o.id_cart, o.id_shop, o.current_state, o.id_currency, o.total_paid,
        p.transaction_id, p.bank_status, p.created_at
    FROM (
        SELECT
            p.cart_id DIV 64                                                AS block,
            BIT_OR(1 << p.cart_id % 64)                                     AS carts,
            BIT_OR((p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')) << p.cart_id % 64) AS paid
        FROM ps_mollie_payments AS p
        GROUP BY block
        LIMIT 1000000000 -- made once
    ) AS laid
    STRAIGHT_JOIN (
        WITH RECURSIVE bits (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM bits WHERE n < 63) SELECT n FROM bits
    ) AS bits ON (laid.carts & ~laid.paid) >> bits.n & 1 = 1
    STRAIGHT_JOIN ps_orders AS o ON o.id_cart = laid.block * 64 + bits.n
    STRAIGHT_JOIN ps_order_state AS state ON state.id_order_state = o.current_state
    STRAIGHT_JOIN ps_mollie_payments AS p ON p.cart_id = o.id_cart
    WHERE laid.carts & ~laid.paid > 0
        AND state.paid = 1
        AND o.module = 'mollie'
        AND p.created_at >= '2000-01-01'
) AS found
LEFT JOIN ps_currency AS currency ON currency.id_currency = found.id_currency
ORDER BY found.created_at DESC, found.transaction_id, found.id_order;
