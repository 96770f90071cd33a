-- Who bought the same thing twice within half an hour, in two carts?
--
-- A row is a pair of orders of one customer, from two different carts, with the same products, total and currency, less than 30 minutes
-- apart, both counting as paid, at least one of them through Mollie. It happens when the shop does not answer after the payment: the
-- shopper tries again, and the shop has given him a new cart. Nothing that looks at one cart can see it.
--
-- What to do: ask the customer. If he wanted it once, cancel the second order and refund its payment (`too_much`). He may have wanted
-- it twice: such pairs are rare and always worth a question.
--
-- Not seen here: guests (each of their orders has a customer of its own), a first payment that never became an order, and two orders
-- with two or more others of the same customer between them. Carts whose products were cleaned away count as having the same.
-- Times are the shop's, both from ps_orders. Only orders since the date below. Needs window functions (MySQL 8, MariaDB 10.2).
-- Index: ps_orders (id_customer), read whole and sorted: two numbers for each order.
SELECT
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
    SELECT in_turn.id_order, in_turn.one_back, in_turn.two_back
    FROM (
        SELECT
            id_order,
            LAG(id_order, 1) OVER (PARTITION BY id_customer ORDER BY id_order) AS one_back,
            LAG(id_order, 2) OVER (PARTITION BY id_customer ORDER BY id_order) AS two_back
        FROM ps_orders
    ) AS in_turn
    -- No shop takes 10,000 orders in half an hour: what is further apart need not be looked at.
    WHERE in_turn.one_back + 10000 > in_turn.id_order
    LIMIT 1000000000
) AS close_by
STRAIGHT_JOIN ps_orders AS later ON later.id_order = close_by.id_order
STRAIGHT_JOIN (SELECT 1 AS steps UNION ALL SELECT 2) AS back
STRAIGHT_JOIN ps_orders AS earlier
    ON earlier.id_order = CASE back.steps WHEN 1 THEN close_by.one_back ELSE close_by.two_back END
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
    AND COALESCE((
        SELECT GROUP_CONCAT(
            item.id_product, '/', item.id_product_attribute, '/', item.id_customization, '*', item.quantity
            ORDER BY item.id_product, item.id_product_attribute, item.id_customization, item.id_address_delivery
        )
        FROM ps_cart_product AS item
        WHERE item.id_cart = later.id_cart
    ), '') = COALESCE((
        SELECT GROUP_CONCAT(
            item.id_product, '/', item.id_product_attribute, '/', item.id_customization, '*', item.quantity
            ORDER BY item.id_product, item.id_product_attribute, item.id_customization, item.id_address_delivery
        )
        FROM ps_cart_product AS item
        WHERE item.id_cart = earlier.id_cart
    ), '')
ORDER BY later.date_add DESC, later.id_order DESC, earlier.id_order DESC;
