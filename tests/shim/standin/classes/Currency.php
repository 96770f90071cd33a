<?php

declare(strict_types=1);

class Currency extends ObjectModel
{
    public static $definition = ['table' => 'currency', 'primary' => 'id_currency'];

    public $id_currency;
    public $name;
    public $iso_code;
    public $conversion_rate;
    public $precision;

    public static function getIsoCodeById($id_currency, $forceRefreshCache = false)
    {
        return (new self($id_currency))->iso_code;
    }

    public static function getDefaultCurrency()
    {
        return new self(1);
    }
}
