<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Configuration;
use Context;
use Db;
use Group;
use Module;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Where PrestaShop does not call the module although it is installed and registered: Hook::exec() leaves out hooks that
 * are switched off, modules that a customer group may not use, that are off for a device, or that are not its own. And
 * a shop that came after the installation has the module only when somebody puts it there.
 */
final class Reach
{
    public const SHOPS = 'shops';
    public const HOOKS = 'hooks';
    public const GROUPS = 'groups';
    public const DEVICES = 'devices';
    public const NOT_NATIVE = 'not_native';

    /** Computer, tablet and phone. */
    private const ALL_DEVICES = 7;

    /** @var Module */
    private $module;

    public function __construct(Module $module)
    {
        $this->module = $module;
    }

    /**
     * What is left out in this shop, and which shops are left out; empty when all is called.
     *
     * @return array<string, string[]> self::SHOPS: names of shops with the Mollie module; self::HOOKS: their names;
     *                                 self::GROUPS: names of the customer groups that may use the Mollie module;
     *                                 self::DEVICES, self::NOT_NATIVE: an empty list
     */
    public function found(): array
    {
        $found = array_filter([
            self::SHOPS => $this->shopsLeftOut(),
            self::HOOKS => $this->hooksOff(),
            self::GROUPS => $this->groupsLeftOut(),
        ]);
        if ($this->isOffForDevices()) {
            $found[self::DEVICES] = [];
        }
        if ((bool) Configuration::get('PS_DISABLE_NON_NATIVE_MODULE')) {
            $found[self::NOT_NATIVE] = [];
        }

        return $found;
    }

    /**
     * @return string[] shops in which the Mollie module is on, and this one off or not registered on all its hooks; the
     *                  hooks of the shop that is asked about are told of by their names elsewhere
     */
    private function shopsLeftOut(): array
    {
        $own = (int) $this->module->id;
        $asked = (int) Context::getContext()->shop->id;

        return $this->column(
            'SELECT s.`name` FROM `%1$sshop` s'
            . ' INNER JOIN `%1$smodule_shop` theirs ON theirs.`id_shop` = s.`id_shop`'
            . ' INNER JOIN `%1$smodule` m ON m.`id_module` = theirs.`id_module`'
            . ' AND m.`name` = "mollie" AND m.`active` = 1'
            . ' LEFT JOIN `%1$smodule_shop` own ON own.`id_shop` = s.`id_shop` AND own.`id_module` = ' . $own
            . ' WHERE s.`active` = 1 AND s.`deleted` = 0'
            . ' AND (own.`id_module` IS NULL OR s.`id_shop` <> ' . $asked . ' AND ('
            . 'SELECT COUNT(DISTINCT h.`name`) FROM `%1$shook_module` hm INNER JOIN `%1$shook` h USING (`id_hook`)'
            . ' WHERE hm.`id_module` = ' . $own . ' AND hm.`id_shop` = s.`id_shop`'
            . ' AND h.`name` IN (' . self::hookNames() . ')) < ' . count(Installer::hooks(_PS_VERSION_)) . ')'
            . ' ORDER BY s.`id_shop`'
        );
    }

    private static function hookNames(): string
    {
        return '"' . implode('", "', array_map('pSQL', Installer::hooks(_PS_VERSION_))) . '"';
    }

    /** @return string[] */
    private function hooksOff(): array
    {
        $names = self::hookNames();

        return $this->column('SELECT `name` FROM `%shook` WHERE `active` = 0 AND `name` IN (' . $names . ')');
    }

    /** @return string[] */
    private function groupsLeftOut(): array
    {
        if (!Group::isFeatureActive()) {
            return [];
        }
        $shopId = (int) Context::getContext()->shop->id;
        $languageId = (int) Context::getContext()->language->id;

        return $this->column(
            'SELECT gl.`name` FROM `%1$smodule_group` theirs'
            . ' INNER JOIN `%1$smodule` m ON m.`id_module` = theirs.`id_module` AND m.`name` = "mollie"'
            . ' INNER JOIN `%1$sgroup_lang` gl ON gl.`id_group` = theirs.`id_group` AND gl.`id_lang` = ' . $languageId
            . ' LEFT JOIN `%1$smodule_group` own ON own.`id_group` = theirs.`id_group`'
            . ' AND own.`id_shop` = theirs.`id_shop` AND own.`id_module` = ' . (int) $this->module->id
            . ' WHERE theirs.`id_shop` = ' . $shopId . ' AND own.`id_module` IS NULL ORDER BY gl.`id_group`'
        );
    }

    /** PrestaShop 9 no longer looks at it. */
    private function isOffForDevices(): bool
    {
        if (version_compare(_PS_VERSION_, '9.0.0', '>=')) {
            return false;
        }
        $devices = $this->column(
            'SELECT `enable_device` AS `name` FROM `%smodule_shop` WHERE `id_module` = ' . (int) $this->module->id
            . ' AND `id_shop` = ' . (int) Context::getContext()->shop->id
        );

        return $devices !== [] && ((int) $devices[0] & self::ALL_DEVICES) !== self::ALL_DEVICES;
    }

    /** @return string[] the column `name` */
    private function column(string $template): array
    {
        $rows = Db::getInstance()->executeS(sprintf($template, _DB_PREFIX_), true, false);

        return is_array($rows) ? array_map('strval', array_column($rows, 'name')) : [];
    }
}
