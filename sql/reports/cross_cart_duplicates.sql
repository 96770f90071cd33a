-- Who bought the same thing twice within half an hour, in two carts?
--
-- A row is an order that repeats an earlier one of the same customer from another cart: the same products, total and currency, less than
-- 30 minutes later, both counting as paid, at least one of them through Mollie. Of several earlier ones the nearest is named. It happens
-- when the shop does not answer after the payment: the shopper tries again, and the shop has given him a new cart. Nothing that looks at
-- one cart can see it.
--
-- What to do: ask the customer. If he wanted it once, cancel the second order and refund its payment (`too_much`). He may have wanted
-- it twice: such pairs are rare and always worth a question.
--
-- Not seen here: guests (each of their orders has a customer of its own), and a first payment that never became an order. Two carts
-- whose products were cleaned away count as having the same.
-- Times are the shop's, both from ps_orders. Only orders since the date below.
-- Index: ps_orders (id_customer), read whole.
SELECT
    id_customer, first_cart, second_cart, id_shop, first_reference, second_reference, currency, too_much, seconds_between, second_at
FROM (
    SELECT
        later.id_order                                                          AS second_order,
        ROW_NUMBER() OVER (PARTITION BY later.id_order ORDER BY earlier.id_order DESC) AS nearness,
        later.id_customer,
        earlier.id_cart                                                         AS first_cart,
        later.id_cart                                                           AS second_cart,
        later.id_shop,
        earlier.reference                                                       AS first_reference,
        later.reference                                                         AS second_reference,
        currency.iso_code                                                       AS currency,
        later.total_paid                                                        AS too_much,
        TIMESTAMPDIFF(SECOND, earlier.date_add, later.date_add)                 AS seconds_between,
        later.date_add                                                          AS second_at
    FROM (
        -- Customers with two orders whose numbers are close, read in the order of one index. Two orders less than 1,000 apart fall into the
        -- same 2,000, or into the same 2,000 begun 1,000 later; no shop takes 1,000 orders in half an hour.
        SELECT id_customer
        FROM ps_orders
        WHERE id_customer > 0
        GROUP BY id_customer
        HAVING COUNT(DISTINCT id_order DIV 2000) < COUNT(*) OR COUNT(DISTINCT (id_order + 1000) DIV 2000) < COUNT(*)
        ORDER BY id_customer
        LIMIT 1000000000
    ) AS quick
    STRAIGHT_JOIN ps_orders AS earlier ON earlier.id_customer = quick.id_customer
    STRAIGHT_JOIN ps_orders AS later
        ON later.id_customer = quick.id_customer AND later.id_order BETWEEN earlier.id_order + 1 AND earlier.id_order + 1000
    JOIN ps_order_state AS later_state ON later_state.id_order_state = later.current_state
    JOIN ps_order_state AS earlier_state ON earlier_state.id_order_state = earlier.current_state
    LEFT JOIN ps_currency AS currency ON currency.id_currency = later.id_currency
    WHERE later.date_add >= '2000-01-01'
        AND later.date_add BETWEEN earlier.date_add AND earlier.date_add + INTERVAL 30 MINUTE
        AND later.id_cart <> earlier.id_cart
        AND later.total_paid = earlier.total_paid
        AND later.id_currency = earlier.id_currency
        AND later.id_shop = earlier.id_shop
        AND (later.module = 'mollie' OR earlier.module = 'mollie')
        AND later_state.paid = 1
        AND earlier_state.paid = 1
        -- No product of either cart that the other has not in the same quantity. (Two lists held against each other do not do: MariaDB
        -- 10.11 takes subqueries that differ in an outer table alone for the same, and drops the comparison.)
        AND (
            SELECT COUNT(*)
            FROM ps_cart_product AS item
            LEFT JOIN ps_cart_product AS same
                ON same.id_cart = earlier.id_cart
                AND same.id_product = item.id_product
                AND same.id_product_attribute = item.id_product_attribute
                AND same.id_customization = item.id_customization
                AND same.quantity = item.quantity
            WHERE item.id_cart = later.id_cart AND same.id_cart IS NULL
        ) = 0
        AND (
            SELECT COUNT(*)
            FROM ps_cart_product AS item
            LEFT JOIN ps_cart_product AS same
                ON same.id_cart = later.id_cart
                AND same.id_product = item.id_product
                AND same.id_product_attribute = item.id_product_attribute
                AND same.id_customization = item.id_customization
                AND same.quantity = item.quantity
            WHERE item.id_cart = earlier.id_cart AND same.id_cart IS NULL
        ) = 0
) AS repeated
WHERE nearness = 1
ORDER BY second_at DESC, second_order DESC;
