-- Which carts are being worked on now, by whom and since when?
--
-- A row is a cart with a lease in its row: a webhook, a settlement or a caller of the API works on it. `expired` is 1 when the
-- holder never gave it back; the next one to come takes over, and whatever the former holder still does is refused.
--
-- What to do: nothing while `expired` is 0 and the lease is seconds old. A row that stays, with `expired` 1, is a cart whose
-- webhook broke off and has not come again: look at its deliveries (ps_molbridge_delivery) and its audit trail.
--
-- Initiations hold the lock for milliseconds and have no row here. Times are UTC. Index: lease_token.
SELECT
    c.id_shop,
    c.id_cart,
    c.lease_purpose                                               AS purpose,
    c.lease_holder                                                AS holder,
    c.lease_taken_at                                              AS since,
    TIMESTAMPDIFF(SECOND, c.lease_taken_at, UTC_TIMESTAMP(6))     AS held_seconds,
    c.lease_expires_at                                            AS expires_at,
    c.lease_expires_at <= UTC_TIMESTAMP(6)                        AS expired,
    c.settled_transaction_id,
    c.order_phase
FROM ps_molbridge_cart AS c
WHERE c.lease_token IS NOT NULL
ORDER BY c.lease_taken_at;
