<?php

declare(strict_types=1);

/**
 * The shopper's cookie; the real one is encrypted, this one says `<cart>.<customer>` in the clear. What a request puts
 * into it is sent as the real one sends it: when it is destroyed, and not at all if the headers are gone by then.
 */
class Cookie
{
    /** @var array<string, mixed> */
    private $content = ['id_lang' => 1];

    /** @var bool */
    private $isModified = false;

    public function __construct()
    {
        $parts = explode('.', (string) ($_COOKIE['standin'] ?? '')) + [0, 0];
        $this->content['id_cart'] = (int) $parts[0];
        $this->content['id_customer'] = (int) $parts[1];
    }

    public function __destruct()
    {
        $this->write();
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
        $this->isModified = true;
        unset($this->content[$key]);
    }

    public function __set($key, $value)
    {
        $this->isModified = true;
        $this->content[$key] = $value;
    }

    public function write()
    {
        if ($this->isModified && !headers_sent()) {
            $this->isModified = false;
            setcookie('changed', http_build_query($this->content));
        }
    }
}
