<?php

declare(strict_types=1);

/** The pay button: no look for another payment, no lock. Bank transfer makes the order first. */
class MolliePaymentModuleFrontController extends ModuleFrontController
{
    /** @var Mollie */
    public $module;
    public $ssl = true;

    public function initContent()
    {
        parent::initContent();
        $cart = $this->context->cart;
        if (!$cart->id_customer || !$cart->id_address_delivery || !$this->module->active) {
            Tools::redirect($this->context->link->getPageLink('index', true));
        }
        $method = (string) Tools::getValue('method', 'ideal');
        if (!$cart->getOrderTotal()) {
            Tools::redirect('index.php');
        }
        $reference = MollieKeys::reference($cart);
        $request = MollieRequests::payment($cart, $method, $reference);
        Standin::pause('before_mollie');
        if ($method === 'banktransfer') {
            $this->module->validateOrder((int) $cart->id, 15, $cart->getOrderTotal(), 'Bank transfer', null, [], null, false, $cart->secure_key);
            $request['description'] = $this->module->currentOrderReference;
        }
        try {
            $payment = $this->module->getApiClient()->payments->create($request);
        } catch (MollieApiException $error) {
            $this->errors[] = 'An error occurred when creating your payment. Contact customer support.';
            $this->setTemplate('error.tpl');

            return;
        }
        Standin::note('payment ' . $payment->id);
        $this->remember($payment, $cart, $method, $reference);
        Standin::pause('after_mollie');
        Tools::redirect($payment->getCheckoutUrl() ?: $request['redirectUrl']);
    }

    private function remember(MolliePayment $payment, Cart $cart, string $method, string $reference): void
    {
        if ($method === 'banktransfer') {
            $order = Order::getByCartId($cart->id);
            MollieRows::addOpen($payment->id, (int) $cart->id, $method, $order->reference, (int) $order->id);
            Order::insertPayment($order->reference, $payment->amount->value, $method, $payment->id);
        } elseif (!MollieRows::findBy('transaction_id', $payment->id)) {
            MollieRows::addOpen($payment->id, (int) $cart->id, (string) $payment->method, $reference);
        }
    }
}
