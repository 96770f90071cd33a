<?php

declare(strict_types=1);

/** ps_configuration: the shop's own value, else its group's, else everybody's; without multishop everybody's alone. */
class Configuration
{
    /** @var array<string, string|null>|null */
    private static $values;

    public static function get($key, $idLang = null, $idShopGroup = null, $idShop = null, $default = false)
    {
        self::load();

        return self::$values[$key] ?? $default;
    }

    public static function getGlobalValue($key, $idLang = null)
    {
        return self::get($key);
    }

    public static function getMultiple($keys, $idLang = null, $idShopGroup = null, $idShop = null)
    {
        return array_combine($keys, array_map([self::class, 'get'], $keys));
    }

    public static function hasKey($key, $idLang = null, $idShopGroup = null, $idShop = null)
    {
        self::load();

        return isset(self::$values[$key]);
    }

    public static function updateValue($key, $values, $html = false, $idShopGroup = null, $idShop = null)
    {
        self::load();
        if (!preg_match('/^[a-zA-Z_0-9-]+$/', (string) $key)) {
            throw new PrestaShopException('[' . $key . '] is not a valid configuration key');
        }
        $value = is_array($values) ? reset($values) : $values;
        $value = $value === null ? null : (string) $value;
        if (array_key_exists($key, self::$values) && self::$values[$key] === $value) {
            return true;
        }
        $now = date('Y-m-d H:i:s');
        $stored = ['value' => $value === null ? null : pSQL($value, true), 'date_upd' => $now];
        $db = Db::getInstance();
        if (array_key_exists($key, self::$values)) {
            $done = $db->update('configuration', $stored, "`name` = '" . pSQL($key) . "'");
        } else {
            $done = $db->insert('configuration', $stored + ['name' => pSQL($key), 'date_add' => $now]);
        }
        self::$values[$key] = $value;

        return $done;
    }

    public static function updateGlobalValue($key, $values, $html = false)
    {
        return self::updateValue($key, $values, $html, 0, 0);
    }

    public static function deleteByName($key)
    {
        self::load();
        unset(self::$values[$key]);

        return Db::getInstance()->delete('configuration', "`name` = '" . pSQL($key) . "'");
    }

    public static function loadConfiguration()
    {
        self::$values = null;
    }

    private static function load(): void
    {
        if (self::$values === null) {
            self::$values = [];
            foreach (Db::getInstance()->executeS('SELECT `name`, `value` FROM `' . _DB_PREFIX_ . 'configuration`') as $row) {
                self::$values[$row['name']] = $row['value'];
            }
        }
    }
}
