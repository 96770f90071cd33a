-- The bridge's own tables, for MariaDB 10.6 or newer and MySQL 8.
--
-- `mollie-bridge migrate` makes them; this file is for those who want to read them or to make them by hand. The version
-- is recorded too, so that the program finds nothing left to do. Where the shop has another table prefix than ps_,
-- replace it.
-- All times are UTC, all amounts in minor units (cents).
--
-- cart         the bridge's row of a cart: locked while anything about the cart is decided
-- attempt      one try at paying a cart; live_cart_id repeats id_cart while the attempt is live, at most one is
-- idempotency  an idempotency key in use, and the answer that it gets again
-- delivery     one webhook call, and how far its work is
-- refund       money on its way back
-- audit        one decision or event; rows are only ever added
-- notice       what the merchant is to be told, once for each case and channel
-- task         work that one sidecar does at a time
--
-- Generated from the migrations: python -m bridge.adapters.migrations.render > sql/schema.sql

CREATE TABLE ps_molbridge_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT ps_molbridge_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE ps_molbridge_cart (
    id_shop INTEGER UNSIGNED NOT NULL,
    id_cart INTEGER UNSIGNED NOT NULL,
    fence BIGINT NOT NULL,
    live_attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    settled_transaction_id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin,
    order_phase VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    lease_token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    lease_purpose VARCHAR(64),
    lease_holder VARCHAR(191),
    lease_taken_at DATETIME(6),
    lease_expires_at DATETIME(6),
    version INTEGER UNSIGNED NOT NULL,
    PRIMARY KEY (id_shop, id_cart),
    CONSTRAINT ps_molbridge_cart_lease UNIQUE (lease_token)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE ps_molbridge_attempt (
    id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id_shop INTEGER UNSIGNED NOT NULL,
    id_cart INTEGER UNSIGNED NOT NULL,
    live_cart_id INTEGER UNSIGNED,
    state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    amount_minor BIGINT NOT NULL,
    currency CHAR(3) NOT NULL,
    charged_minor BIGINT,
    charged_currency CHAR(3),
    id_customer INTEGER UNSIGNED NOT NULL,
    method VARCHAR(64),
    basket_hash VARCHAR(191),
    checkout_url VARCHAR(2048),
    mollie_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    mollie_request TEXT,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6),
    processed_at DATETIME(6),
    version INTEGER UNSIGNED NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT ps_molbridge_attempt_live UNIQUE (id_shop, live_cart_id),
    CONSTRAINT ps_molbridge_attempt_tx UNIQUE (transaction_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE INDEX ps_molbridge_attempt_cart ON ps_molbridge_attempt (id_shop, id_cart);

CREATE TABLE ps_molbridge_idempotency (
    scope VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    idempotency_key VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    fingerprint VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    status SMALLINT,
    body TEXT,
    locked_until DATETIME(6),
    expires_at DATETIME(6) NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE INDEX ps_molbridge_idempotency_expiry ON ps_molbridge_idempotency (expires_at);

CREATE TABLE ps_molbridge_delivery (
    id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id_shop INTEGER UNSIGNED,
    id_cart INTEGER UNSIGNED,
    query TEXT,
    tries INTEGER UNSIGNED NOT NULL,
    next_try_at DATETIME(6),
    seen_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    seen_status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin,
    seen_refunded BIGINT,
    seen_charged_back BIGINT,
    decision VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin,
    last_error TEXT,
    received_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE INDEX ps_molbridge_delivery_due ON ps_molbridge_delivery (state, next_try_at);

CREATE INDEX ps_molbridge_delivery_tx ON ps_molbridge_delivery (transaction_id);

CREATE TABLE ps_molbridge_refund (
    id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id_shop INTEGER UNSIGNED NOT NULL,
    id_cart INTEGER UNSIGNED NOT NULL,
    attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency CHAR(3) NOT NULL,
    reason TEXT NOT NULL,
    idempotency_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    mollie_refund_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    last_error TEXT,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT ps_molbridge_refund_key UNIQUE (idempotency_key)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE INDEX ps_molbridge_refund_tx ON ps_molbridge_refund (transaction_id);

CREATE INDEX ps_molbridge_refund_state ON ps_molbridge_refund (state, created_at);

CREATE TABLE ps_molbridge_audit (
    id BIGINT NOT NULL AUTO_INCREMENT,
    at DATETIME(6) NOT NULL,
    event VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id_shop INTEGER UNSIGNED,
    id_cart INTEGER UNSIGNED,
    attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    detail TEXT NOT NULL,
    PRIMARY KEY (id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE INDEX ps_molbridge_audit_cart ON ps_molbridge_audit (id_shop, id_cart);

CREATE INDEX ps_molbridge_audit_at ON ps_molbridge_audit (at);

INSERT INTO ps_molbridge_version (version_num) VALUES ('0001');

CREATE INDEX ps_molbridge_cart_phase ON ps_molbridge_cart (order_phase);

CREATE INDEX ps_molbridge_attempt_state ON ps_molbridge_attempt (state, updated_at);

ALTER TABLE ps_molbridge_delivery ADD COLUMN passed_on SMALLINT NOT NULL DEFAULT '0';

CREATE INDEX ps_molbridge_delivery_age ON ps_molbridge_delivery (received_at);

ALTER TABLE ps_molbridge_refund ADD COLUMN kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'refund';

ALTER TABLE ps_molbridge_refund ADD COLUMN tries INTEGER UNSIGNED NOT NULL DEFAULT '0';

ALTER TABLE ps_molbridge_refund ADD COLUMN next_try_at DATETIME(6);

CREATE UNIQUE INDEX ps_molbridge_refund_mollie ON ps_molbridge_refund (mollie_refund_id);

CREATE TABLE ps_molbridge_notice (
    id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    notice_case VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    channel VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id_shop INTEGER UNSIGNED,
    id_cart INTEGER UNSIGNED,
    transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    amount_minor BIGINT,
    currency CHAR(3),
    detail TEXT NOT NULL,
    state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    tries INTEGER UNSIGNED NOT NULL,
    next_try_at DATETIME(6),
    last_error TEXT,
    at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT ps_molbridge_notice_once UNIQUE (notice_case, channel)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE INDEX ps_molbridge_notice_due ON ps_molbridge_notice (state, next_try_at);

CREATE TABLE ps_molbridge_task (
    name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    holder VARCHAR(191) NOT NULL,
    held_until DATETIME(6) NOT NULL,
    ended_at DATETIME(6),
    PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_unicode_ci;

UPDATE ps_molbridge_version SET version_num='0002' WHERE ps_molbridge_version.version_num = '0001';

ALTER TABLE ps_molbridge_refund ADD COLUMN taken_at DATETIME(6);

CREATE INDEX ps_molbridge_refund_due ON ps_molbridge_refund (state, next_try_at);

UPDATE ps_molbridge_version SET version_num='0003' WHERE ps_molbridge_version.version_num = '0002';
