<?php

declare(strict_types=1);

/**
 * Mollie's call. 200: done, or nothing to do. 400: no token, no cart in the metadata, Mollie's API failed, or an order came
 * into being at the last moment. 401: no API key, or a `secure_key` that is not the cart's. 405: an order came into being a
 * moment earlier. 409: another call with the token is running on this host. 422: no id.
 */
class MollieWebhookModuleFrontController extends MollieAnswering
{
    /** @var Mollie */
    public $module;

    /** Mollie's calls are taken in maintenance, too. */
    protected function displayMaintenancePage()
    {
    }

    public function initContent()
    {
        Standin::note('webhook ' . Tools::getValue('id'));
        if (!$this->module->getApiClient()) {
            $this->failure(401, 'Unauthorized');
        }
        if (!Tools::getValue('security_token')) {
            $this->failure(400, 'Missing security token');
        }
        $transaction = (string) Tools::getValue('id');
        if (!$transaction) {
            $this->failure(422, 'Missing transaction id');
        }
        if (!$this->applyLock('webhook-' . Tools::getValue('security_token'))) {
            $this->failure(409, 'Resource conflict');
        }
        try {
            $this->execute($transaction);
        } catch (MollieTransactionException $error) {
            $this->fail((int) $error->getCode());
        } catch (Throwable $error) {
            error_log('webhook: ' . $error->getMessage());
            $this->fail(400);
        }
        $this->releaseLock();
        $this->answer(200, ['success' => true]);
    }

    private function execute(string $transaction): void
    {
        $payment = $this->module->getApiClient()->payments->get($transaction);
        $cart_id = (int) ($payment->metadata->cart_id ?? 0);
        if (!$cart_id) {
            throw new Exception('Missing Cart ID. Transaction ID: [' . $transaction . ']', 404);
        }
        $cart = $this->context->cart = new Cart($cart_id);
        $this->context->customer = new Customer($cart->id_customer);
        (new MollieSettling($this->module))->process($payment, $cart);
    }

    private function fail(int $status): void
    {
        $this->releaseLock();
        $this->failure($status, 'Failed to handle webhook');
    }
}
