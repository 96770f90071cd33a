<?php

declare(strict_types=1);

/** The shopper's cookie; the real one is encrypted, this one says `<cart>.<customer>` in the clear. */
class Cookie
{
    public $id_cart = 0;
    public $id_customer = 0;
    public $id_lang = 1;

    /** @var array<string, mixed> */
    private $content = [];

    public function __construct()
    {
        $parts = explode('.', (string) ($_COOKIE['standin'] ?? '')) + [0, 0];
        $this->id_cart = (int) $parts[0];
        $this->id_customer = (int) $parts[1];
    }

    public function __get($key)
    {
        return $this->content[$key] ?? false;
    }

    public function __isset($key)
    {
        return isset($this->content[$key]);
    }

    public function __unset($key)
    {
        unset($this->content[$key]);
    }

    public function __set($key, $value)
    {
        $this->content[$key] = $value;
    }

    public function write()
    {
    }
}
