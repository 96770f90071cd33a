<?php

declare(strict_types=1);

class Shop
{
    public const CONTEXT_SHOP = 1;
    public const CONTEXT_GROUP = 2;
    public const CONTEXT_ALL = 4;

    public $id = 1;
    public $id_shop_group = 1;
    public $name = 'The stand-in';
    public $physical_uri = '/';

    public static function isFeatureActive()
    {
        return false;
    }

    public static function setContext($type, $id = null)
    {
    }

    public static function getContext()
    {
        return self::CONTEXT_SHOP;
    }

    public static function getContextShopID($null_value_without_multishop = false)
    {
        return $null_value_without_multishop ? null : 1;
    }

    public static function getContextShopGroupID($null_value_without_multishop = false)
    {
        return $null_value_without_multishop ? null : 1;
    }

    public static function getContextListShopID($share = false)
    {
        return [1];
    }

    public static function getShops($active = true, $id_shop_group = null, $get_as_list_id = false)
    {
        return $get_as_list_id ? [1 => 1] : [1 => ['id_shop' => 1, 'name' => 'The stand-in']];
    }

    public function getBaseURL($auto_secure_mode = false, $add_base_uri = true)
    {
        return Tools::getShopDomain(true) . '/';
    }
}
