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
        $this->context->smarty->assign([
            'page' => $this->php_self,
            'cart' => (int) $this->context->cart->id,
            'notifications' => $_COOKIE['notifications'] ?? '',
        ]);
        $this->setTemplate($this->php_self);
    }
}
