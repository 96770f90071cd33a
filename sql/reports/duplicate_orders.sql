-- Which carts became more than one order?
--
-- A row is a cart whose orders have two or more order REFERENCES. PrestaShop may split one order by carrier or warehouse into
-- several rows of ps_orders; those share one reference and are no duplicates. That is why the obvious query,
--
--     SELECT id_cart FROM ps_orders GROUP BY id_cart HAVING COUNT(*) > 1
--
-- is wrong: it reports every split order, and a unique key on id_cart would make splitting impossible.
--
-- `too_much` is what the orders ask for beyond the dearest reference. `counting` is how many of the references count as paid.
--
-- What to do: where `counting` is 2 or more, decide which reference stays, cancel the other before it is shipped (the stock comes
-- back with it), and see duplicate_payments whether it was paid twice, too.
--
-- Carts of which no order is Mollie's are left out. Times are the shop's. Only carts with an order since the date below.
-- Index: ps_orders (id_cart).
SELECT
    reference.id_cart,
    MIN(reference.id_shop)                                                        AS id_shop,
    COUNT(*)                                                                      AS order_references,
    SUM(reference.orders)                                                         AS orders,
    SUM(reference.counts_as_paid)                                                 AS counting,
    MAX(reference.currency)                                                       AS currency,
    SUM(reference.total) - MAX(reference.total)                                   AS too_much,
    MIN(reference.first_at)                                                       AS first_at,
    MAX(reference.last_at)                                                        AS last_at,
    GROUP_CONCAT(reference.reference ORDER BY reference.first_order SEPARATOR ' ') AS references_made,
    GROUP_CONCAT(reference.order_ids ORDER BY reference.first_order SEPARATOR ' ') AS order_ids
FROM (
    SELECT
        o.id_cart,
        o.reference,
        MIN(o.id_shop)                                                            AS id_shop,
        COUNT(*)                                                                  AS orders,
        MAX(COALESCE(state.paid, 0))                                              AS counts_as_paid,
        MAX(o.module = 'mollie')                                                  AS is_mollie,
        MIN(currency.iso_code)                                                    AS currency,
        SUM(o.total_paid)                                                         AS total,
        MIN(o.date_add)                                                           AS first_at,
        MAX(o.date_add)                                                           AS last_at,
        MIN(o.id_order)                                                           AS first_order,
        GROUP_CONCAT(o.id_order ORDER BY o.id_order SEPARATOR ' ')                AS order_ids
    FROM (
        -- Carts with several orders of any kind, read from the index alone. Without its LIMIT the servers make another plan of it,
        -- which is slower.
        SELECT id_cart
        FROM ps_orders
        WHERE id_cart > 0
        GROUP BY id_cart
        HAVING COUNT(*) > 1
        ORDER BY id_cart
        LIMIT 1000000000
    ) AS several
    STRAIGHT_JOIN ps_orders AS o ON o.id_cart = several.id_cart
    LEFT JOIN ps_order_state AS state ON state.id_order_state = o.current_state
    LEFT JOIN ps_currency AS currency ON currency.id_currency = o.id_currency
    GROUP BY o.id_cart, o.reference
) AS reference
GROUP BY reference.id_cart
HAVING COUNT(*) > 1 AND MAX(reference.is_mollie) = 1 AND MAX(reference.last_at) >= '2000-01-01'
ORDER BY last_at DESC, reference.id_cart DESC;
