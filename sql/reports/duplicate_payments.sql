-- Which carts were paid more than once, and how much money is at risk?
--
-- A row is a cart with two or more payments for which the Mollie module has recorded money. `taken` adds them up: what the shop
-- booked for a payment (ps_order_payment), and for one that it never booked, since the module silently absorbs a second payment,
-- what the order costs. `at_risk` is `taken` less what the cart is worth once. Where the cart has no order, the amounts are
-- not known (NULL).
--
-- What to do: look each transaction up at Mollie, keep the one that the order was made for, refund the others THERE and tell the
-- customer. A full refund makes the module set the order to "Refunded": set it back, or let the bridge refund, which prevents
-- that. Where `order_references` is 2, two orders exist (see duplicate_orders): cancel one before it is shipped.
--
-- Not known here: refunds that were made already, and payments whose webhook was lost. The shop's tables hold neither; Mollie does.
-- Times are the shop's. Only carts with a payment since the date below. One pass over ps_mollie_payments, in which the carts are laid
-- out as bits, 64 to a row; indexes: ps_mollie_payments (cart_id), ps_orders (id_cart).
SELECT
    priced.cart_id,
    (SELECT cart.id_shop FROM ps_cart AS cart WHERE cart.id_cart = priced.cart_id) AS id_shop,
    priced.payments,
    priced.order_references,
    priced.currency,
    COALESCE(priced.booked, 0) + (priced.payments - priced.bookings) * priced.worth AS taken,
    priced.worth,
    COALESCE(priced.booked, 0) + (priced.payments - priced.bookings - 1) * priced.worth AS at_risk,
    priced.first_at,
    priced.last_at,
    priced.transactions
FROM (
    SELECT
        twice.cart_id,
        twice.payments,
        twice.first_at,
        twice.last_at,
        twice.transactions,
        (SELECT COUNT(DISTINCT o.reference) FROM ps_orders AS o WHERE o.id_cart = twice.cart_id) AS order_references,
        (
            SELECT MIN(currency.iso_code)
            FROM ps_orders AS o
            JOIN ps_currency AS currency ON currency.id_currency = o.id_currency
            WHERE o.id_cart = twice.cart_id
        )                                                                   AS currency,
        -- What the cart is worth once: the orders of one reference together (packages), the dearest reference.
        (
            SELECT SUM(o.total_paid) AS total
            FROM ps_orders AS o
            WHERE o.id_cart = twice.cart_id
            GROUP BY o.reference
            ORDER BY total DESC
            LIMIT 1
        )                                                                   AS worth,
        -- What the shop booked for these payments, and for how many of them.
        (
            SELECT SUM(booking.amount)
            FROM ps_mollie_payments AS own
            JOIN ps_order_payment AS booking ON booking.transaction_id = own.transaction_id
            WHERE own.cart_id = twice.cart_id
                AND own.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
                AND booking.order_reference IN (SELECT o.reference FROM ps_orders AS o WHERE o.id_cart = twice.cart_id)
        )                                                                   AS booked,
        (
            SELECT COUNT(DISTINCT own.transaction_id)
            FROM ps_mollie_payments AS own
            JOIN ps_order_payment AS booking ON booking.transaction_id = own.transaction_id
            WHERE own.cart_id = twice.cart_id
                AND own.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
                AND booking.order_reference IN (SELECT o.reference FROM ps_orders AS o WHERE o.id_cart = twice.cart_id)
        )                                                                   AS bookings
    FROM (
        SELECT
            p.cart_id,
            COUNT(*)                                                        AS payments,
            MIN(p.created_at)                                               AS first_at,
            MAX(p.created_at)                                               AS last_at,
            GROUP_CONCAT(p.transaction_id ORDER BY p.created_at, p.transaction_id SEPARATOR ' ') AS transactions
        FROM (
            -- Carts with several such payments. `carts` has all carts that have one, as bits, and `odd` those that have one, three and so
            -- on: what is in `carts` and not in `odd` has two. A block with more payments than that explains is looked at whole.
            SELECT
                laid.block,
                CASE
                    WHEN laid.payments = BIT_COUNT(laid.carts) + BIT_COUNT(laid.carts & ~laid.odd) THEN laid.carts & ~laid.odd
                    ELSE laid.carts
                END                                                         AS carts
            FROM (
                SELECT
                    p.cart_id DIV 64                                        AS block,
                    COUNT(*)                                                AS payments,
                    BIT_OR(1 << p.cart_id % 64)                             AS carts,
                    BIT_XOR(1 << p.cart_id % 64)                            AS odd
                FROM ps_mollie_payments AS p
                WHERE p.bank_status IN ('paid', 'authorized', 'completed', 'shipping') AND p.cart_id > 0
                GROUP BY block
            ) AS laid
            WHERE laid.payments > BIT_COUNT(laid.carts)
            LIMIT 1000000000 -- made once
        ) AS several
        STRAIGHT_JOIN (
            WITH RECURSIVE bits (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM bits WHERE n < 63) SELECT n FROM bits
        ) AS bits ON several.carts >> bits.n & 1 = 1
        STRAIGHT_JOIN ps_mollie_payments AS p ON p.cart_id = several.block * 64 + bits.n
        WHERE p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
        GROUP BY p.cart_id
        HAVING COUNT(*) > 1 AND MAX(p.created_at) >= '2000-01-01'
        ORDER BY p.cart_id
        LIMIT 1000000000
    ) AS twice
) AS priced
ORDER BY priced.last_at DESC, priced.cart_id DESC;
