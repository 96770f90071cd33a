-- How many payments are begun for each one that is paid?
--
-- A row is a month and a method: payments begun, those recorded as paid, those that still stand as not finished, and `pending_percent`,
-- the unfinished ones in a hundred of all.
--
-- What to do: nothing about one row. A method or month that stands out (twice the others) tells of lost webhooks or of a checkout that
-- shoppers give up; look at its newest rows in stuck_payments. The module leaves canceled, expired and failed payments as `open`, so
-- that some percent are always unfinished.
--
-- Months are the shop's. Only payments since the date below. One pass over ps_mollie_payments.
SELECT
    counted.month,
    counted.method,
    SUM(counted.payments)                                                   AS begun,
    SUM(CASE WHEN counted.bank_status IN ('paid', 'authorized', 'completed', 'shipping') THEN counted.payments ELSE 0 END) AS paid,
    SUM(CASE WHEN counted.bank_status IN ('open', 'pending', 'created') THEN counted.payments ELSE 0 END) AS unfinished,
    ROUND(
        100 * SUM(CASE WHEN counted.bank_status IN ('open', 'pending', 'created') THEN counted.payments ELSE 0 END)
            / SUM(counted.payments), 1
    )                                                                       AS pending_percent
FROM (
    SELECT EXTRACT(YEAR_MONTH FROM p.created_at) AS month, p.method, p.bank_status, COUNT(*) AS payments
    FROM ps_mollie_payments AS p
    WHERE p.created_at >= '2000-01-01'
    GROUP BY EXTRACT(YEAR_MONTH FROM p.created_at), p.method, p.bank_status
) AS counted
GROUP BY counted.month, counted.method
ORDER BY counted.month DESC, counted.method;
