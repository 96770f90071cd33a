<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Db;
use Hook;
use Module;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** Puts the module into a shop and takes it out again, without a trace. */
final class Installer
{
    private const HOOKS = [
        'actionFrontControllerInitBefore',
        'actionFrontControllerInitAfter',
        'actionFrontControllerSetMedia',
    ];

    /** @var Module */
    private $module;

    /** @var SettingsStore */
    private $store;

    public function __construct(Module $module, SettingsStore $store)
    {
        $this->module = $module;
        $this->store = $store;
    }

    /**
     * The hooks that this PrestaShop calls. By its version and not by its table of hooks: any module can have put a
     * name there that nobody calls, and the hooks of objects do not stand there before somebody registers.
     *
     * @return string[]
     */
    public static function hooks(string $version): array
    {
        // Everywhere there is a call before each order is inserted, the parts of a split one too. Since 9.0 there is
        // one before the whole, when nothing is prepared yet; between the two a script may still lose its lease.
        $before = version_compare($version, '9.0.0', '>=') ? ['actionValidateOrderBefore'] : [];

        return array_merge(self::HOOKS, $before, ['actionObjectOrderAddBefore']);
    }

    /** Register on every hook; on the second call only what is missing (after PrestaShop was upgraded). */
    public function install(): bool
    {
        $this->store->prepare();
        $made = $this->hooksMade();
        $registered = true;
        foreach (self::hooks(_PS_VERSION_) as $hook) {
            if ($this->hookId($hook) === 0) {
                $made[] = $hook;
            }
            $registered = (bool) $this->module->registerHook($hook) && $registered;
        }
        $this->store->save(SettingsStore::HOOKS_MADE, implode(',', array_unique($made)));

        return $registered;
    }

    /**
     * Remove what PrestaShop's own uninstall leaves: settings, rows of hooks that were made for us, the count, and who
     * has opened the module's page.
     */
    public function uninstall(OutageCounter $outages): bool
    {
        $made = $this->hooksMade();
        foreach (self::hooks(_PS_VERSION_) as $hook) {
            $this->module->unregisterHook($hook);
        }
        foreach ($made as $hook) {
            $this->removeHook($hook);
        }
        $outages->forget();
        $this->forgetVisitors();

        return $this->store->clear();
    }

    /**
     * The hooks that should be registered and are not.
     *
     * @return string[]
     */
    public function missing(): array
    {
        return array_values(array_filter(self::hooks(_PS_VERSION_), function (string $hook): bool {
            return !$this->module->isRegisteredInHook($hook);
        }));
    }

    /** @return string[] */
    private function hooksMade(): array
    {
        return array_filter(explode(',', $this->store->text(SettingsStore::HOOKS_MADE)));
    }

    private function hookId(string $name): int
    {
        // Not Hook::getIdByName(): it remembers what it read before we wrote.
        return (int) Db::getInstance()->getValue(
            'SELECT `id_hook` FROM `' . _DB_PREFIX_ . 'hook` WHERE `name` = "' . pSQL($name) . '"',
            false
        );
    }

    /** The module manager's "last opened": a row for each employee, which names a module that is gone. */
    private function forgetVisitors(): void
    {
        try {
            Db::getInstance()->delete('module_history', '`id_module` = ' . (int) $this->module->id);
        } catch (\Throwable $error) {
            // In debug mode a table that a PrestaShop does not have is an error; nothing hangs on the row.
            error_log('molliebridge: ' . get_class($error) . ' while removing the module\'s history');
        }
    }

    /** The row of a hook that was not there before us, unless another module has come to use it. */
    private function removeHook(string $name): void
    {
        $id = $this->hookId($name);
        $users = $id === 0 ? 0 : (int) Db::getInstance()->getValue(
            'SELECT COUNT(*) FROM `' . _DB_PREFIX_ . 'hook_module` WHERE `id_hook` = ' . $id,
            false
        );
        if ($id !== 0 && $users === 0) {
            (new Hook($id))->delete();
        }
    }
}
