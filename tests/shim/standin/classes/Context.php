<?php

declare(strict_types=1);

class Context
{
    /** @var self|null */
    private static $instance;

    /** @var Cart|null */
    public $cart;
    /** @var Customer|null */
    public $customer;
    /** @var Cookie|null */
    public $cookie;
    /** @var Link|null */
    public $link;
    /** @var Currency|null */
    public $currency;
    /** @var Language|null */
    public $language;
    /** @var Shop|null */
    public $shop;
    /** @var Smarty|null */
    public $smarty;
    /** @var Controller|null */
    public $controller;
    /** @var Employee|null */
    public $employee;
    public $country;

    /** What config.inc.php puts into the context; the cart comes much later. */
    public static function getContext()
    {
        if (self::$instance === null) {
            $context = self::$instance = new self();
            $context->shop = new Shop();
            $context->language = new Language();
            $context->link = new Link();
            $context->cookie = new Cookie();
            $context->smarty = new Smarty();
            $context->customer = new Customer($context->cookie->id_customer);
            $context->customer->logged = $context->customer->id ? 1 : 0;
        }

        return self::$instance;
    }

    public function getTranslator()
    {
        return new Translator();
    }
}
