<?php

declare(strict_types=1);

class Order extends ObjectModel
{
    public const PAYMENT_ERROR = 8;

    public static $definition = ['table' => 'orders', 'primary' => 'id_order'];

    public $id_order;
    public $reference;
    public $id_shop_group = 1;
    public $id_shop = 1;
    public $id_carrier = 1;
    public $id_lang = 1;
    public $id_customer;
    public $id_cart;
    public $id_currency = 1;
    public $id_address_delivery = 1;
    public $id_address_invoice = 1;
    public $current_state = 0;
    public $secure_key;
    public $payment;
    public $module;
    public $conversion_rate = 1;
    public $total_paid = 0;
    public $total_paid_tax_incl = 0;
    public $total_paid_tax_excl = 0;
    public $total_paid_real = 0;
    public $total_products = 0;
    public $total_products_wt = 0;
    public $invoice_number = 0;
    public $invoice_date = '0000-00-00 00:00:00';
    public $delivery_date = '0000-00-00 00:00:00';
    public $valid = 0;
    public $date_add;
    public $date_upd;

    /** The first order of the cart, of whatever reference. */
    public static function getIdByCartId($id_cart)
    {
        $found = Db::getInstance()->getValue(
            'SELECT `id_order` FROM `' . _DB_PREFIX_ . 'orders` WHERE `id_cart` = ' . (int) $id_cart . ' ORDER BY `id_order`'
        );

        return $found === false ? false : (int) $found;
    }

    public static function getOrderByCartId($id_cart)
    {
        return self::getIdByCartId($id_cart);
    }

    public static function getByCartId($id_cart)
    {
        return new self(self::getIdByCartId($id_cart));
    }

    public static function isLogable(int $state): bool
    {
        return (bool) Db::getInstance()->getValue(
            'SELECT `logable` FROM `' . _DB_PREFIX_ . 'order_state` WHERE `id_order_state` = ' . $state
        );
    }

    public function insertDetails(array $lines): void
    {
        foreach ($lines as $line) {
            Db::getInstance()->insert('order_detail', [
                'id_order' => (int) $this->id,
                'id_shop' => (int) $this->id_shop,
                'product_id' => (int) $line['id_product'],
                'product_name' => pSQL((string) $line['name']),
                'product_quantity' => (int) $line['quantity'],
                'product_price' => (float) $line['price'],
                'product_weight' => 0,
                'tax_name' => '',
                'unit_price_tax_excl' => (float) $line['price'],
                'unit_price_tax_incl' => (float) $line['price_wt'],
                'total_price_tax_excl' => (float) $line['total'],
                'total_price_tax_incl' => (float) $line['total_wt'],
            ]);
        }
    }

    public function getOrderPayments(): array
    {
        return Db::getInstance()->executeS(
            'SELECT * FROM `' . _DB_PREFIX_ . "order_payment` WHERE `order_reference` = '" . pSQL($this->reference) . "' ORDER BY 1"
        );
    }

    public function addOrderPayment($amount, $method, $transaction_id): int
    {
        $number = self::insertPayment($this->reference, $amount, $method, $transaction_id);
        Db::getInstance()->execute(
            'UPDATE `' . _DB_PREFIX_ . 'orders` SET `total_paid_real` = `total_paid_real` + ' . (float) $amount
            . ' WHERE `id_order` = ' . (int) $this->id
        );

        return $number;
    }

    public static function insertPayment($reference, $amount, $method, $transaction_id): int
    {
        Db::getInstance()->insert('order_payment', [
            'order_reference' => pSQL($reference),
            'id_currency' => 1,
            'amount' => (float) $amount,
            'payment_method' => pSQL((string) $method),
            'transaction_id' => $transaction_id === null ? null : pSQL((string) $transaction_id),
            'date_add' => date('Y-m-d H:i:s'),
        ]);

        return (int) Db::getInstance()->Insert_ID();
    }

    public function hadState(int $state): bool
    {
        return (bool) Db::getInstance()->getValue(
            'SELECT COUNT(*) FROM `' . _DB_PREFIX_ . 'order_history`
             WHERE `id_order` = ' . (int) $this->id . ' AND `id_order_state` = ' . $state
        );
    }

    /** History, state, and for a state that is paid the invoice. */
    public function setCurrentState($id_order_state, $id_employee = 0)
    {
        $state = (int) $id_order_state;
        Hook::exec('actionOrderStatusUpdate', ['newOrderStatus' => $state, 'id_order' => (int) $this->id]);
        $db = Db::getInstance();
        $row = ['id_employee' => 0, 'id_order' => (int) $this->id, 'id_order_state' => $state, 'date_add' => date('Y-m-d H:i:s')];
        $db->insert('order_history', $row);
        $valid = (int) self::isLogable($state);
        $db->update('orders', ['current_state' => $state, 'valid' => $valid], '`id_order` = ' . (int) $this->id);
        $this->current_state = $state;
        $this->valid = $valid;
        if ($valid && !(new self($this->id))->invoice_number) {
            $this->setInvoice();
        }
        Hook::exec('actionOrderStatusPostUpdate', ['newOrderStatus' => $state, 'id_order' => (int) $this->id]);
    }

    private function setInvoice(): void
    {
        $db = Db::getInstance();
        $now = date('Y-m-d H:i:s');
        // MAX + 1 without a lock, as in a real shop.
        $number = 1 + (int) $db->getValue('SELECT COALESCE(MAX(`number`), 0) FROM `' . _DB_PREFIX_ . 'order_invoice`');
        $db->insert('order_invoice', [
            'id_order' => (int) $this->id,
            'number' => $number,
            'delivery_number' => 0,
            'total_paid_tax_excl' => (float) $this->total_paid_tax_excl,
            'total_paid_tax_incl' => (float) $this->total_paid_tax_incl,
            'total_products' => (float) $this->total_products,
            'total_products_wt' => (float) $this->total_products_wt,
            'shipping_tax_computation_method' => 0,
            'date_add' => $now,
        ]);
        $invoice = (int) $db->Insert_ID();
        $db->update('orders', ['invoice_number' => $number, 'invoice_date' => $now], '`id_order` = ' . (int) $this->id);
        foreach ($this->getOrderPayments() as $payment) {
            $db->insert('order_invoice_payment', [
                'id_order_invoice' => $invoice,
                'id_order_payment' => (int) $payment['id_order_payment'],
                'id_order' => (int) $this->id,
            ], false, true, Db::INSERT_IGNORE);
        }
        if (Standin::get('fatal_in_invoice', false)) {
            // The real module dies printing the invoice: the status is 200 already, the payment's row not yet written.
            Standin::note('died');
            exit;
        }
    }
}
