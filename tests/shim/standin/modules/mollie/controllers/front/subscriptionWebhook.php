<?php

declare(strict_types=1);

/** A renewal: Mollie made the payment by itself, without the cart in its metadata; the order is of a copy of the first cart. */
class MollieSubscriptionWebhookModuleFrontController extends MollieAnswering
{
    /** @var Mollie */
    public $module;

    /** Mollie's calls are taken in maintenance, too. */
    protected function displayMaintenancePage()
    {
    }

    public function initContent()
    {
        Standin::note('subscription ' . Tools::getValue('id'));
        if (!$this->module->getApiClient()) {
            $this->failure(401, 'Unauthorized');
        }
        $transaction = (string) Tools::getValue('id');
        if (!$transaction) {
            $this->failure(422, 'Missing transaction id');
        }
        if (!$this->applyLock('subscriptionWebhook-' . $transaction)) {
            $this->failure(409, 'Resource conflict');
        }
        try {
            $this->renew($transaction);
        } catch (Throwable $error) {
            $this->releaseLock();
            $this->failure((int) $error->getCode() ?: 500, 'Failed to handle recurring order');
        }
        $this->releaseLock();
        $this->answer(200, ['success' => true]);
    }

    private function renew(string $transaction): void
    {
        $payment = $this->module->getApiClient()->payments->get($transaction);
        if (MollieRows::findBy('transaction_id', $transaction)) {
            MollieRows::change($transaction, ['bank_status' => pSQL($payment->status)]);

            return;
        }
        $known = Db::getInstance()->getValue(
            'SELECT `id_cart` FROM `' . _DB_PREFIX_ . "mol_recurring_order` WHERE `mollie_subscription_id` = '" . pSQL((string) Tools::getValue('subscription')) . "'"
        );
        if (!$known || $payment->status !== 'paid') {
            throw new Exception('Recurring order not found', 404);
        }
        $cart = $this->copyOf(new Cart((int) $known));
        $paid = (float) $payment->amount->value;
        $extra = ['transaction_id' => $transaction];
        $this->module->validateOrder((int) $cart->id, 2, $paid, MollieRequests::name($payment->method), null, $extra, null, false, $cart->secure_key);
        $order = Order::getByCartId($cart->id);
        MollieRows::addOpen($transaction, (int) $cart->id, (string) $payment->method, $order->reference, (int) $order->id);
        MollieRows::change($transaction, ['bank_status' => 'paid']);
    }

    private function copyOf(Cart $cart): Cart
    {
        $copy = new Cart();
        $copy->id_customer = $cart->id_customer;
        $copy->secure_key = $cart->secure_key;
        $copy->add();
        Db::getInstance()->execute(
            'INSERT INTO `' . _DB_PREFIX_ . 'cart_product` (`id_cart`, `id_product`, `quantity`, `date_add`)
             SELECT ' . (int) $copy->id . ', `id_product`, `quantity`, NOW() FROM `' . _DB_PREFIX_ . 'cart_product` WHERE `id_cart` = ' . (int) $cart->id
        );

        return $copy;
    }
}
