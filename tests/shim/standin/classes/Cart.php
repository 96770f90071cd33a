<?php

declare(strict_types=1);

class Cart extends ObjectModel
{
    public const ONLY_PRODUCTS = 1;
    public const BOTH = 3;

    public static $definition = ['table' => 'cart', 'primary' => 'id_cart'];

    public $id_cart;
    public $id_shop_group = 1;
    public $id_shop = 1;
    public $id_carrier = 1;
    public $delivery_option = '';
    public $id_lang = 1;
    public $id_address_delivery = 1;
    public $id_address_invoice = 1;
    public $id_currency = 1;
    public $id_customer = 0;
    public $id_guest = 0;
    public $secure_key;
    public $allow_seperated_package = 0;
    public $date_add;
    public $date_upd;

    public function getProducts($refresh = false, $id_product = false, $id_country = null, $fullInfos = true)
    {
        $rows = Db::getInstance()->executeS(
            'SELECT cp.`id_product`, cp.`id_product_attribute`, cp.`id_customization`, cp.`quantity`, p.`price`, pl.`name`
             FROM `' . _DB_PREFIX_ . 'cart_product` cp
             INNER JOIN `' . _DB_PREFIX_ . 'product` p ON p.`id_product` = cp.`id_product`
             LEFT JOIN `' . _DB_PREFIX_ . 'product_lang` pl ON pl.`id_product` = p.`id_product` AND pl.`id_lang` = 1
             WHERE cp.`id_cart` = ' . (int) $this->id . ' ORDER BY cp.`date_add`, cp.`id_product`'
        );

        return array_map(static function ($row) {
            $gross = round($row['price'] * 1.21, 2);

            return $row + [
                'cart_quantity' => $row['quantity'],
                'price_wt' => $gross,
                'total' => $row['price'] * $row['quantity'],
                'total_wt' => $gross * $row['quantity'],
            ];
        }, $rows ?: []);
    }

    public function nbProducts()
    {
        return (int) array_sum(array_column($this->getProducts(), 'quantity'));
    }

    public function hasProducts()
    {
        return (bool) $this->getProducts();
    }

    public function getOrderTotal($withTaxes = true, $type = self::BOTH, $products = null, $id_carrier = null, $use_cache = false)
    {
        $lines = $products ?? $this->getProducts();

        return round((float) array_sum(array_column($lines, $withTaxes ? 'total_wt' : 'total')), 2);
    }

    public function getPackageList($flush = false)
    {
        $lines = $this->getProducts();
        if (!$this->allow_seperated_package) {
            return [[['product_list' => $lines]]];
        }

        return [array_map(static function ($line) {
            return ['product_list' => [$line]];
        }, $lines)];
    }

    public function orderExists()
    {
        return (bool) Db::getInstance()->getValue(
            'SELECT COUNT(*) FROM `' . _DB_PREFIX_ . 'orders` WHERE `id_cart` = ' . (int) $this->id,
            false
        );
    }

    public function isVirtualCart()
    {
        return false;
    }
}
