<?php

declare(strict_types=1);

/** Bancontact's QR code: a payment without a row in the module's table until its webhook comes. */
class MollieBancontactAjaxModuleFrontController extends MollieAnswering
{
    /** @var Mollie */
    public $module;

    public function postProcess()
    {
        $cart = $this->context->cart;
        if (Tools::getValue('action') === 'createTransaction') {
            $request = MollieRequests::payment($cart, 'bancontact', MollieKeys::reference($cart));
            $payment = $this->module->getApiClient()->payments->create($request);
            // Its ajaxRender() is PrestaShop's, which does not end the script: the module goes on to wait for the order,
            // and only then is anything sent.
            $this->ajaxRender(json_encode(['qr_code' => $payment->getCheckoutUrl()]));
        }
        if (in_array(Tools::getValue('action'), ['createTransaction', 'checkForPaidTransaction'], true)) {
            if (!$this->waitForOrder($cart)) {
                $this->say(['success' => false]);
            }
            $this->say(['success' => true, 'redirectUrl' => $this->confirmation($cart)]);
        }
    }
}
