<?php

declare(strict_types=1);

/** Any page of the shop itself: home, cart, checkout step, order confirmation. */
class ShopPageController extends FrontController
{
    public function __construct()
    {
        parent::__construct();
        $this->php_self = (string) Tools::getValue('controller', 'index');
    }

    public function initContent()
    {
        parent::initContent();
        if (session_status() === PHP_SESSION_NONE) {
            session_start();
        }
        $told = $_SESSION['notifications'] ?? '';
        unset($_SESSION['notifications']);
        $this->context->smarty->assign([
            'page' => $this->php_self,
            'cart' => (int) $this->context->cart->id,
            'notifications' => $told,
        ]);
        $this->setTemplate($this->php_self);
        if ($this->php_self === 'null') {
            $this->nullRequest((string) Standin::get('sidecar'));
        }
    }

    /** For the benchmark: what the way to the sidecar and back costs PHP, noted as time in hooks. */
    private function nullRequest(string $url): void
    {
        $timer = Standin::startTimer();
        $curl = curl_init($url . '/healthz');
        curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 2]);
        curl_exec($curl);
        curl_close($curl);
        Standin::stopTimer($timer);
    }
}
