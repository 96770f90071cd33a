<?php

declare(strict_types=1);

/** Apple Pay from the product page: the cart comes with the request, the order with the webhook, for which it waits. */
class MollieApplePayDirectAjaxModuleFrontController extends MollieAnswering
{
    /** @var Mollie */
    public $module;

    public function postProcess()
    {
        switch (Tools::getValue('action')) {
            case 'mollie_apple_pay_validation':
                $this->say(['session' => 'opaque']);
                // no break: it exits
            case 'mollie_apple_pay_get_total_price':
                $this->say(['total' => (new Cart((int) Tools::getValue('cartId')))->getOrderTotal()]);
                // no break: it exits
            case 'mollie_apple_pay_create_order':
                $this->createOrder(new Cart((int) Tools::getValue('cartId')));
        }
    }

    private function createOrder(Cart $cart): void
    {
        $request = MollieRequests::payment($cart, 'applepay', MollieKeys::reference($cart));
        try {
            $this->module->getApiClient()->payments->create($request);
        } catch (MollieApiException $error) {
            $this->say(['success' => false, 'status' => 'STATUS_FAILURE', 'errors' => [['code' => 'unknown', 'message' => 'Failed to create mollie transaction.']]]);
        }
        if (!$this->waitForOrder($cart)) {
            $this->say(['success' => false, 'status' => 'STATUS_FAILURE', 'errors' => [['code' => 'unknown', 'message' => 'Couldn\'t find order by cart.']]]);
        }
        $this->say(['success' => true, 'successUrl' => $this->confirmation($cart), 'responseToApple' => ['status' => 0]]);
    }
}
