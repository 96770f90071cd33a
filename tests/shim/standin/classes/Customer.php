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

    public function isLogged($with_guest = false)
    {
        return (bool) $this->id;
    }
}
