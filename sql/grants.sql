-- Which rights does the bridge need, and no more?
--
-- Run this as an administrator in the shop's database, after sql/schema.sql (or `mollie-bridge migrate`) has made the
-- bridge's tables: a right on a table can be given only once the table is there.
--
--     mariadb <database> < sql/schema.sql
--     mariadb <database> < sql/grants.sql
--
-- Before that, replace the two passwords; `ps_` where the shop has another table prefix; and 'localhost' where the bridge
-- connects from elsewhere ('127.0.0.1' for TCP on this machine when the server runs with skip-name-resolve).
--
-- There are two users. The bridge runs as the first, which can neither make nor change a table. The second is for
-- `mollie-bridge migrate` when a new version brings new tables; whoever migrates as an administrator needs no second one.
-- Every statement may be run again, and is to be run again with the grants.sql of each new version.


-- 1. The user that the bridge runs as

CREATE USER IF NOT EXISTS 'mollie_bridge'@'localhost' IDENTIFIED BY 'choose-a-password';

-- The shop's tables: read only. No customer, no address, no employee.
GRANT SELECT ON ps_cart TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_cart_product TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_configuration TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_currency TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_order_invoice TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_order_payment TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_order_state TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_orders TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_shop TO 'mollie_bridge'@'localhost';

-- The Mollie module's table: three columns can be put right, nothing can be added, removed or linked to another order.
GRANT SELECT, UPDATE (bank_status, reason, updated_at) ON ps_mollie_payments TO 'mollie_bridge'@'localhost';

-- The bridge's own tables. The audit trail can be added to and pruned, not rewritten.
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_cart TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_attempt TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_idempotency TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_delivery TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_refund TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, DELETE ON ps_molbridge_audit TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_notice TO 'mollie_bridge'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON ps_molbridge_task TO 'mollie_bridge'@'localhost';
GRANT SELECT ON ps_molbridge_version TO 'mollie_bridge'@'localhost';


-- 2. The user that migrates: anything with the bridge's tables, nothing with the shop's

CREATE USER IF NOT EXISTS 'mollie_bridge_migrate'@'localhost' IDENTIFIED BY 'choose-another-password';

GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_cart TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_attempt TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_idempotency TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_delivery TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_refund TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_audit TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_notice TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_task TO 'mollie_bridge_migrate'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON ps_molbridge_version TO 'mollie_bridge_migrate'@'localhost';
