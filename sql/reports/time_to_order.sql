-- How long does it take from the making of a payment to its order?
--
-- A row is a month: how many payments became an order, the average time in seconds, and how many took up to a minute, up to half an
-- hour, and longer. The time includes the shopper's own at the bank. It ends with the module's last write to the payment's row, which
-- follows the order within a second; a later webhook (a capture) lengthens it.
--
-- What to do: when the share above half an hour grows, webhooks come late or again and again: shoppers are told "not successful" and pay
-- a second time. Bank transfers take days and are left out.
--
-- Both times are the database's own NOW(), so they can be compared (ps_orders has PHP's, which can not be). The night in which the
-- clocks change is an hour out. Only payments since the date below. One pass over ps_mollie_payments.
SELECT
    timed.month,
    SUM(timed.payments)                                                     AS orders,
    ROUND(SUM(timed.seconds * timed.payments) / SUM(timed.payments))        AS average_seconds,
    SUM(CASE WHEN timed.seconds <= 60 THEN timed.payments ELSE 0 END)       AS up_to_1_minute,
    SUM(CASE WHEN timed.seconds BETWEEN 61 AND 1800 THEN timed.payments ELSE 0 END) AS up_to_30_minutes,
    SUM(CASE WHEN timed.seconds > 1800 THEN timed.payments ELSE 0 END)      AS longer
FROM (
    SELECT
        EXTRACT(YEAR_MONTH FROM p.created_at)                               AS month,
        TIMESTAMPDIFF(SECOND, p.created_at, p.updated_at)                   AS seconds,
        COUNT(*)                                                            AS payments
    FROM ps_mollie_payments AS p
    WHERE p.bank_status IN ('paid', 'authorized', 'completed', 'shipping')
        AND p.order_id > 0
        AND p.method <> 'banktransfer'
        AND p.updated_at >= p.created_at
        AND p.created_at >= '2000-01-01'
    GROUP BY EXTRACT(YEAR_MONTH FROM p.created_at), TIMESTAMPDIFF(SECOND, p.created_at, p.updated_at)
) AS timed
GROUP BY timed.month
ORDER BY timed.month DESC;
