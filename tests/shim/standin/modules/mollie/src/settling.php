<?php

/**
 * What 6.4.4 does with a payment that Mollie announces (src/Service/TransactionService.php), absorbed payments included.
 */

declare(strict_types=1);

/** The module's TransactionException: its code is the answer's status. */
class MollieTransactionException extends Exception
{
}

class MollieSettling
{
    private const FINISHED = ['paid', 'authorized', 'completed', 'shipping'];
    private const CANCELED = 6;
    private const REFUNDED = 7;
    private const PARTLY_REFUNDED = 14;
    private const AWAITING = 15;
    private const CHARGEBACK = 20;
    private const PAID = 2;
    private const STATES = [
        'paid' => self::PAID,
        'authorized' => self::PAID,
        'open' => self::AWAITING,
        'pending' => self::AWAITING,
        'canceled' => self::CANCELED,
        'expired' => self::CANCELED,
        'failed' => self::CANCELED,
    ];

    /** @var Mollie */
    private $module;

    public function __construct(Mollie $module)
    {
        $this->module = $module;
    }

    public function process(MolliePayment $payment, Cart $cart): void
    {
        if (!MollieRows::findBy('transaction_id', $payment->id)) {
            MollieRows::addOpen($payment->id, (int) $cart->id, (string) $payment->method, (string) $payment->description);
        }
        $order = Order::getIdByCartId($cart->id);
        $generated = strpos((string) $payment->description, 'mol_') === 0;
        $finished = in_array($payment->status, self::FINISHED, true);
        if (!$finished && $generated) {
            return; // the row stays "open" whatever became of the payment
        }
        if (($payment->metadata->secure_key ?? null) !== MollieKeys::returning($cart)) {
            throw new MollieTransactionException('Security key is incorrect.', 401);
        }
        if ($payment->isAtLeast('amountRefunded')) {
            $this->refunded($payment, $cart, $order, $generated);
        } elseif ($payment->isAtLeast('amountChargedBack')) {
            $this->moveOrders($order, self::CHARGEBACK);
        } elseif (!$order && $finished) {
            $this->createOrder($payment, $cart);
        } elseif ($generated) {
            $this->absorb($payment, $cart);
        } else {
            $this->moveOrders($order, self::STATES[$payment->status] ?? 0);
        }
        $this->store($payment, $cart);
    }

    private function createOrder(MolliePayment $payment, Cart $cart): void
    {
        if (Order::getIdByCartId($cart->id)) {
            throw new MollieTransactionException('Order is already created', 405);
        }
        Standin::pause('looked_up');
        $paid = (float) $payment->amount->value;
        $extra = ['transaction_id' => $payment->id];
        $this->module->validateOrder((int) $cart->id, self::PAID, $paid, MollieRequests::name($payment->method), null, $extra, null, false, $cart->secure_key);
        Standin::pause('ordered');
        // By cart, not by what was just made: after a lost race this is the other script's order.
        $order = (int) Order::getIdByCartId($cart->id);
        MollieRows::change($payment->id, ['bank_status' => pSQL($payment->status), 'order_id' => $order]);
        $this->describe($payment, $order, false);
    }

    /** A second paid payment of a cart that has its order: no refund, no order payment, no word about it. */
    private function absorb(MolliePayment $payment, Cart $cart): void
    {
        $order = Order::getIdByCartId($cart->id);
        if (!$order) {
            return;
        }
        $described = $this->describe($payment, $order, true);
        Db::getInstance()->update('orders', [
            'total_paid_tax_excl' => $cart->getOrderTotal(false),
            'total_paid_tax_incl' => $cart->getOrderTotal(),
            'total_paid' => (float) $payment->amount->value,
        ], '`id_order` = ' . $order);
        Standin::note('absorbed ' . $payment->id);
        $this->process($described, $cart);
    }

    private function refunded(MolliePayment $payment, Cart $cart, $order, bool $generated): void
    {
        if ($generated) {
            $this->absorb($payment, $cart);
        }
        $full = (float) $payment->amountRefunded->value >= (float) $payment->amount->value;
        // The order is the cart's: it is set to refunded even when another payment has paid for it.
        $this->moveOrders($order, $full ? self::REFUNDED : self::PARTLY_REFUNDED);
    }

    private function moveOrders($order_id, int $state): void
    {
        if (!$order_id || !$state) {
            return;
        }
        $order = new Order($order_id);
        if ($order->hadState($state) || ($state === self::PAID && (int) $order->current_state === self::PAID)) {
            return;
        }
        $rows = Db::getInstance()->executeS(
            'SELECT `id_order` FROM `' . _DB_PREFIX_ . 'orders` WHERE `id_cart` = ' . (int) $order->id_cart . ' ORDER BY 1'
        );
        foreach ($rows as $row) {
            (new Order((int) $row['id_order']))->setCurrentState($state);
        }
    }

    private function store(MolliePayment $payment, Cart $cart): void
    {
        $order = Order::getByCartId($cart->id);
        if (!$order->id) {
            return;
        }
        MollieRows::change($payment->id, ['order_reference' => pSQL($order->reference)]);
        $known = $order->getOrderPayments();
        if (!$known) {
            Order::insertPayment($order->reference, $payment->amount->value, MollieRequests::name($payment->method), $payment->id);
        }
        foreach ($known as $row) {
            if (!$row['transaction_id']) {
                $named = ['transaction_id' => pSQL($payment->id), 'payment_method' => MollieRequests::name($payment->method)];
                Db::getInstance()->update('order_payment', $named, '`id_order_payment` = ' . (int) $row['id_order_payment']);
            }
        }
        MollieRows::change($payment->id, ['bank_status' => pSQL($payment->status), 'order_id' => (int) $order->id]);
    }

    private function describe(MolliePayment $payment, int $order_id, bool $strict): MolliePayment
    {
        $reference = (new Order($order_id))->reference;
        try {
            $this->module->getApiClient()->payments->update($payment->id, ['description' => $reference]);
        } catch (MollieApiException $error) {
            if ($strict) {
                throw $error;
            }
        }
        $payment->description = $reference;

        return $payment;
    }
}
