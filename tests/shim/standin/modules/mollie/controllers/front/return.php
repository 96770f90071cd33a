<?php

declare(strict_types=1);

/**
 * Where Mollie sends the shopper back to: a pending payment gets its order here, under a lock of its own that does not
 * exclude the webhook; a paid one waits for the webhook on a page that asks ten times (`ajax=1`).
 */
class MollieReturnModuleFrontController extends MollieAnswering
{
    /** @var Mollie */
    public $module;

    public function initContent()
    {
        $cart = new Cart((int) Tools::getValue('cart_id'));
        if (!$cart->id || Tools::getValue('key') !== MollieKeys::returning($cart)) {
            Tools::redirect('index.php');
        }
        if (Tools::getValue('ajax')) {
            $this->status($cart);
        }
        parent::initContent();
        if ((int) $cart->id_customer !== (int) $this->context->customer->id) {
            Tools::redirect($this->context->link->getPageLink('index', true));
        }
        $row = $this->row($cart);
        if (!$row) {
            $this->toCart();
        }
        if ($row['method'] === 'banktransfer' && $row['bank_status'] === 'open') {
            Tools::redirect($this->confirmation($cart));
        }
        if (in_array($row['bank_status'], ['open', 'pending'], true)) {
            $this->ask($row['transaction_id'], $cart);
        }
        $this->context->smarty->assign(['checkStatusEndpoint' => $this->endpoint($row, $cart)]);
        $this->setTemplate('mollie_wait.tpl');
    }

    private function ask(string $transaction, Cart $cart): void
    {
        $payment = $this->module->getApiClient()->payments->get($transaction);
        switch ($payment->status) {
            case 'open':
                Tools::redirect($this->context->link->getPageLink('order', true, 1, ['step' => 'payment']));
                // no break: it exits
            case 'pending':
                $this->orderThePending($payment, $cart);
                Tools::redirect($this->confirmation($cart));
                // no break: it exits
            case 'canceled':
            case 'expired':
            case 'failed':
                $this->toCart();
        }
    }

    private function orderThePending(MolliePayment $payment, Cart $cart): void
    {
        if (!$this->applyLock('pending-order-' . $cart->id) || Order::getIdByCartId($cart->id)) {
            return;
        }
        $paid = (float) $payment->amount->value;
        $extra = ['transaction_id' => $payment->id];
        try {
            $this->module->validateOrder((int) $cart->id, 15, $paid, MollieRequests::name($payment->method), null, $extra, null, false, $cart->secure_key);
        } catch (PrestaShopException $error) {
            return;
        }
        $order = Order::getByCartId($cart->id);
        $this->module->getApiClient()->payments->update($payment->id, ['description' => $order->reference]);
        $values = ['bank_status' => 'pending', 'order_id' => (int) $order->id, 'order_reference' => pSQL($order->reference)];
        MollieRows::change($payment->id, $values);
        $this->releaseLock();
    }

    private function status(Cart $cart): void
    {
        $order = (int) Order::getIdByCartId($cart->id);
        $row = $order ? (MollieRows::findBy('order_id', $order) ?: MollieRows::findBy('cart_id', $cart->id)) : false;
        if (!$row || (int) $cart->id_customer !== (int) $this->context->customer->id) {
            $this->say(['success' => false]);
        }
        $payment = $this->module->getApiClient()->payments->get((string) (Tools::getValue('transaction_id') ?: $row['transaction_id']));
        if (in_array($payment->status, ['paid', 'authorized'], true)) {
            $this->say(['success' => true, 'status' => 2, 'href' => $this->confirmation($cart)]);
        }
        if (in_array($payment->status, ['canceled', 'expired', 'failed'], true)) {
            $this->say(['success' => true, 'status' => 2, 'href' => $this->context->link->getPageLink('cart', null, 1, ['action' => 'show'])]);
        }
        $this->say(['success' => false]);
    }

    private function row(Cart $cart)
    {
        $row = MollieRows::findBy('order_reference', (string) Tools::getValue('order_number'));
        $order = $row ? 0 : (int) Order::getIdByCartId($cart->id);

        return $row ?: ($order ? MollieRows::findBy('order_id', $order) : false) ?: MollieRows::findBy('cart_id', $cart->id);
    }

    private function endpoint(array $row, Cart $cart): string
    {
        return $this->context->link->getModuleLink('mollie', 'return', [
            'ajax' => 1,
            'action' => 'getStatus',
            'transaction_id' => $row['transaction_id'],
            'key' => Tools::getValue('key'),
            'cart_id' => (int) $cart->id,
            'order_number' => Tools::getValue('order_number'),
        ], true);
    }

    private function toCart(): void
    {
        Tools::redirect($this->context->link->getPageLink('cart', true, null, ['action' => 'show', 'checkout' => true]));
    }
}
