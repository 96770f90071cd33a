-- Where was more given back than was paid?
--
-- A row is a payment whose refunds are above what was charged: those that went through the bridge together (`refunded`), or what Mollie
-- said (`seen_refunded`). Mollie itself lets a refund go up to 25.00 EUR above the payment, so nobody else stops it.
--
-- What to do: compare with Mollie's list of refunds. Goodwill is fine; a refund made twice is money to ask back for.
--
-- Needs the bridge's tables. Times are UTC. Only payments since the date below. Indexes: refund_tx, attempt_tx; one pass over the
-- deliveries.
SELECT
    found.cart_id,
    found.id_shop,
    found.payment_id,
    found.transaction_id,
    found.currency,
    found.paid_minor * found.unit                                           AS paid,
    found.through_bridge * found.unit                                       AS refunded,
    found.seen * found.unit                                                 AS seen_refunded,
    (GREATEST(found.through_bridge, found.seen) - found.paid_minor) * found.unit AS too_much,
    found.created_at
FROM (
    SELECT
        a.id_cart                                                           AS cart_id,
        a.id_shop,
        a.id                                                                AS payment_id,
        a.transaction_id,
        COALESCE(a.charged_currency, a.currency)                            AS currency,
        CASE WHEN COALESCE(a.charged_currency, a.currency) IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS unit,
        COALESCE(a.charged_minor, a.amount_minor)                           AS paid_minor,
        given.through_bridge,
        given.seen,
        a.created_at
    FROM (
        SELECT told.transaction_id, SUM(told.through_bridge) AS through_bridge, SUM(told.seen) AS seen
        FROM (
            SELECT r.transaction_id, SUM(r.amount_minor) AS through_bridge, 0 AS seen
            FROM ps_molbridge_refund AS r
            WHERE r.state IN ('queued', 'sent', 'refunded', 'uncertain')
            GROUP BY r.transaction_id
            UNION ALL
            SELECT COALESCE(d.seen_id, d.transaction_id), 0, MAX(d.seen_refunded)
            FROM ps_molbridge_delivery AS d
            WHERE d.seen_refunded > 0
            GROUP BY COALESCE(d.seen_id, d.transaction_id)
        ) AS told
        GROUP BY told.transaction_id
        LIMIT 1000000000
    ) AS given
    STRAIGHT_JOIN ps_molbridge_attempt AS a ON a.transaction_id = given.transaction_id
    WHERE a.created_at >= '2000-01-01'
) AS found
WHERE GREATEST(found.through_bridge, found.seen) > found.paid_minor
ORDER BY found.created_at DESC, found.payment_id;
