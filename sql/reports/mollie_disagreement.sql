-- Where do the module's table and Mollie say different things about the money of a payment?
--
-- A row is a payment. `mollie_said` is the attempt's state, which the bridge took from Mollie; `module_says` is the module's own
-- bank_status. Of the two one says that there is money, the other that there is none.
--
-- What to do: believe Mollie. Where Mollie said paid and the module says open, the webhook did not get through: look whether the cart
-- has its order (unverified_orders), and have the webhook sent again.
--
-- Left out: payments that are canceled, expired or failed and open for the module, which does not store those (stuck_payments has them).
-- Needs the bridge's tables. Times are UTC. Only payments since the date below. One pass over each of the two tables for what is not
-- paid there; only what is not paid in one of them alone is looked up, by the primary key of ps_mollie_payments and attempt_tx.
SELECT
    a.id_cart                                                               AS cart_id,
    a.id_shop,
    a.transaction_id,
    a.state                                                                 AS mollie_said,
    p.bank_status                                                           AS module_says,
    a.updated_at
FROM (
    SELECT unpaid.transaction_id
    FROM (
        SELECT CONVERT(p.transaction_id USING ascii) COLLATE ascii_bin      AS transaction_id
        FROM ps_mollie_payments AS p
        WHERE p.bank_status NOT IN ('paid', 'authorized', 'completed', 'shipping')
        UNION ALL
        SELECT a.transaction_id
        FROM ps_molbridge_attempt AS a
        WHERE a.state NOT IN ('paid', 'authorized', 'refunded')
    ) AS unpaid
    GROUP BY unpaid.transaction_id
    HAVING COUNT(*) = 1
    ORDER BY NULL
    LIMIT 1000000000 -- made once
) AS suspect
STRAIGHT_JOIN ps_molbridge_attempt AS a ON a.transaction_id = suspect.transaction_id
STRAIGHT_JOIN ps_mollie_payments AS p ON p.transaction_id = a.transaction_id
WHERE a.created_at >= '2000-01-01'
    AND CASE
        -- Mollie said that it is over, the module that it is paid.
        WHEN a.state IN ('canceled', 'expired', 'failed')
            THEN p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
        -- The module says that it is not paid, Mollie that it is.
        WHEN a.state IN ('paid', 'authorized', 'refunded')
            THEN p.bank_status NOT IN ('paid', 'authorized', 'completed', 'shipping')
        ELSE FALSE
    END
ORDER BY a.updated_at DESC, a.transaction_id;
