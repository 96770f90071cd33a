-- Where do the module's table and Mollie say different things about the money of a payment?
--
-- A row is a payment. `mollie_said` is the attempt's state, which the bridge took from Mollie; `module_says` is the module's own
-- bank_status. Of the two one says that there is money, the other that there is none.
--
-- What to do: believe Mollie. Where Mollie said paid and the module says open, the webhook did not get through: look whether the cart
-- has its order (unverified_orders), and have the webhook sent again.
--
-- Left out: payments that are canceled, expired or failed and open for the module, which does not store those (stuck_payments has them).
-- Needs the bridge's tables. Times are UTC. Only payments since the date below. Indexes: the primary key of ps_mollie_payments and
-- attempt_tx; one pass over each of the two tables.
SELECT
    found.cart_id,
    found.id_shop,
    found.transaction_id,
    found.mollie_said,
    found.module_says,
    found.updated_at
FROM (
    -- Mollie said that it is over, the module that it is paid.
    SELECT
        a.id_cart AS cart_id, a.id_shop, a.transaction_id, a.state AS mollie_said, p.bank_status AS module_says, a.created_at,
        a.updated_at
    FROM ps_molbridge_attempt AS a
    STRAIGHT_JOIN ps_mollie_payments AS p ON p.transaction_id = a.transaction_id
    WHERE a.state IN ('canceled', 'expired', 'failed')
        AND p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
    UNION ALL
    -- The module says that it is not paid, Mollie that it is.
    SELECT
        a.id_cart, a.id_shop, a.transaction_id, a.state, p.bank_status, a.created_at, a.updated_at
    FROM ps_mollie_payments AS p
    STRAIGHT_JOIN ps_molbridge_attempt AS a
        ON a.transaction_id = CONVERT(p.transaction_id USING ascii) COLLATE ascii_bin
    WHERE p.bank_status NOT IN ('paid', 'authorized', 'completed', 'shipping')
        AND a.state IN ('paid', 'authorized', 'refunded')
) AS found
WHERE found.created_at >= '2000-01-01'
ORDER BY found.updated_at DESC, found.transaction_id;
