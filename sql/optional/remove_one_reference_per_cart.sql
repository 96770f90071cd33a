-- How is the trigger of sql/optional/one_reference_per_cart.sql taken away again?
--
-- With this; the shop is then as it was. Replace ps_ where the shop has another prefix.

DROP TRIGGER IF EXISTS ps_molbridge_one_reference;
DROP TABLE IF EXISTS ps_molbridge_reference;
