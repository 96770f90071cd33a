-- Can the database itself refuse a second order for a cart?
--
-- Yes, with this trigger. It lets any number of rows of one cart into ps_orders as long as they have one reference (one
-- cart may rightly become several rows: PrestaShop splits an order by carrier or warehouse), and refuses the first row
-- of a second reference:
--
--     ERROR 1644 (45000): cart 42 has become order ABCDEFGHI already
--
-- PrestaShop turns that into a failed request; Mollie sends the webhook again, and the bridge finds the order that is
-- there. It decides where no lock can: between the shop's last look and its INSERT, whatever was paused, killed or cut
-- off in between, and whichever module or web server makes the order.
--
-- It is optional, since it changes a table of the shop (a trigger on ps_orders; no column, no row). Nothing of the bridge
-- depends on it. Do not install it in a shop that makes several orders of one cart on purpose (some modules for
-- subscriptions or quotations do): look first whether there are such carts, with sql/reports/duplicate_orders.sql.
--
-- Install it as an administrator in the shop's database (the right TRIGGER is needed; with binary logging also SUPER or
-- log_bin_trust_function_creators = 1). Replace ps_ where the shop has another prefix:
--
--     mariadb <database> < sql/optional/one_reference_per_cart.sql
--
-- Take it away again with sql/optional/remove_one_reference_per_cart.sql. A shop that is restored from a dump without
-- triggers has none; run this file again.

CREATE TABLE IF NOT EXISTS ps_molbridge_reference (
    id_cart INT UNSIGNED NOT NULL,
    reference VARCHAR(255) NOT NULL,
    PRIMARY KEY (id_cart)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

DROP TRIGGER IF EXISTS ps_molbridge_one_reference;

DELIMITER //

CREATE TRIGGER ps_molbridge_one_reference BEFORE INSERT ON ps_orders FOR EACH ROW
BEGIN
    DECLARE known VARCHAR(255) DEFAULT NULL;
    DECLARE words VARCHAR(255);
    IF NEW.id_cart > 0 THEN
        -- A cart that had its order before this trigger: its reference counts.
        SELECT reference INTO known FROM ps_orders WHERE id_cart = NEW.id_cart ORDER BY id_order LIMIT 1;
        -- The primary key makes a second script wait here until the first has committed or is undone.
        INSERT INTO ps_molbridge_reference (id_cart, reference) VALUES (NEW.id_cart, COALESCE(known, NEW.reference))
            ON DUPLICATE KEY UPDATE id_cart = NEW.id_cart;
        SELECT reference INTO known FROM ps_molbridge_reference WHERE id_cart = NEW.id_cart FOR UPDATE;
        -- An order that was deleted makes room for another one. Compared byte by byte: the tables of a shop may have
        -- another collation than its database.
        IF CAST(known AS BINARY) <> CAST(NEW.reference AS BINARY) AND NOT EXISTS (
            SELECT 1 FROM ps_orders WHERE id_cart = NEW.id_cart AND CAST(reference AS BINARY) = CAST(known AS BINARY)
            LOCK IN SHARE MODE
        ) THEN
            UPDATE ps_molbridge_reference SET reference = NEW.reference WHERE id_cart = NEW.id_cart;
            SET known = NEW.reference;
        END IF;
        IF CAST(known AS BINARY) <> CAST(NEW.reference AS BINARY) THEN
            SET words = CONCAT('cart ', NEW.id_cart, ' has become order ', known, ' already');
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = words;
        END IF;
    END IF;
END//

DELIMITER ;
