<?php

declare(strict_types=1);

class Customer extends ObjectModel
{
    public static $definition = ['table' => 'customer', 'primary' => 'id_customer'];

    public $id_customer;
    public $id_shop = 1;
    public $firstname;
    public $lastname;
    public $email;
    public $secure_key;
    public $active;
    /** @transient */
    public $logged = 0;

    /** Only who has signed in: a customer that is just loaded, as a webhook does it, is not. */
    public function isLogged($with_guest = false)
    {
        return $this->logged && $this->id;
    }

    /** @return int[] */
    public function getGroups()
    {
        $rows = Db::getInstance()->executeS(
            'SELECT `id_group` FROM `' . _DB_PREFIX_ . 'customer_group` WHERE `id_customer` = ' . (int) $this->id
        );

        return array_map('intval', array_column($rows, 'id_group')) ?: [3];
    }
}
