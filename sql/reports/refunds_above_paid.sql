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
    a.id_cart                                                               AS cart_id,
    a.id_shop,
    a.id                                                                    AS payment_id,
    a.transaction_id,
    COALESCE(a.charged_currency, a.currency)                                AS currency,
    COALESCE(a.charged_minor, a.amount_minor)
        * CASE WHEN COALESCE(a.charged_currency, a.currency) IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS paid,
    SUM(given.through_bridge)
        * CASE WHEN COALESCE(a.charged_currency, a.currency) IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS refunded,
    SUM(given.seen)
        * CASE WHEN COALESCE(a.charged_currency, a.currency) IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS seen_refunded,
    (GREATEST(SUM(given.through_bridge), SUM(given.seen)) - COALESCE(a.charged_minor, a.amount_minor))
        * CASE WHEN COALESCE(a.charged_currency, a.currency) IN ('ISK', 'JPY') THEN 1 ELSE 0.01 END AS too_much,
    a.created_at
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
) AS given
JOIN ps_molbridge_attempt AS a ON a.transaction_id = given.transaction_id
WHERE a.created_at >= '2000-01-01'
GROUP BY a.id
HAVING GREATEST(SUM(given.through_bridge), SUM(given.seen)) > COALESCE(MAX(a.charged_minor), MAX(a.amount_minor))
ORDER BY a.created_at DESC, a.id;
