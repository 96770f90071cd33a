<?php

/** As much of PrestaShop as Installer, Place and SettingsStore call. Tables are arrays. */

declare(strict_types=1);

function pSQL(string $text): string
{
    return addslashes($text);
}

class Configuration
{
    /** @var array<string, string> */
    public static $rows = [];

    /** @var int */
    public static $writes = 0;

    /** @return string|false */
    public static function get(string $key)
    {
        return self::$rows[$key] ?? false;
    }

    public static function updateGlobalValue(string $key, string $value): bool
    {
        self::$rows[$key] = $value;
        ++self::$writes;

        return true;
    }

    public static function deleteByName(string $key): bool
    {
        unset(self::$rows[$key]);

        return true;
    }
}

class Tools
{
    /** @var array<string, mixed> */
    public static $values = [];

    /** @return mixed */
    public static function getValue(string $key, $default = false)
    {
        return self::$values[$key] ?? $default;
    }
}

class Hook
{
    /** @var array<string, int> rows of ps_hook, by name */
    public static $rows = [];

    /** @var int */
    private $id;

    public function __construct(int $id)
    {
        $this->id = $id;
    }

    public function delete(): bool
    {
        self::$rows = array_diff(self::$rows, [$this->id]);

        return true;
    }
}

class Module
{
    /** @var array<string, string[]> modules by the hook that they are registered in */
    public static $registered = [];

    /** @var string */
    public $name;

    /** @var int */
    public $id = 7;

    public function __construct(string $name)
    {
        $this->name = $name;
    }

    public function registerHook(string $hook): bool
    {
        Hook::$rows += [$hook => count(Hook::$rows) + 100];
        if (!$this->isRegisteredInHook($hook)) {
            self::$registered[$hook][] = $this->name;
        }

        return true;
    }

    public function unregisterHook(string $hook): bool
    {
        self::$registered[$hook] = array_diff(self::$registered[$hook] ?? [], [$this->name]);

        return true;
    }

    public function isRegisteredInHook(string $hook): bool
    {
        return in_array($this->name, self::$registered[$hook] ?? [], true);
    }
}

class Db
{
    /** @var int[] the modules whose page somebody has opened: rows of ps_module_history */
    public static $opened = [];

    /** @var bool */
    public static $isBroken = false;

    public static function getInstance(): self
    {
        return new self();
    }

    public function delete(string $table, string $where): bool
    {
        if (self::$isBroken) {
            throw new RuntimeException('no such table');
        }
        if ($table !== 'module_history' || preg_match('/^`id_module` = (\d+)$/', $where, $found) !== 1) {
            throw new LogicException("no such removal: $table, $where");
        }
        self::$opened = array_values(array_diff(self::$opened, [(int) $found[1]]));

        return true;
    }

    /** The two questions of the installer. @return int|false */
    public function getValue(string $sql, bool $useCache = true)
    {
        if (preg_match('/WHERE `name` = "(\w+)"/', $sql, $found) === 1) {
            return Hook::$rows[$found[1]] ?? false;
        }
        if (preg_match('/COUNT\(\*\).*`id_hook` = (\d+)/', $sql, $found) === 1) {
            $hook = array_search((int) $found[1], Hook::$rows, true);

            return count(Module::$registered[$hook] ?? []);
        }
        throw new LogicException('no such question: ' . $sql);
    }
}

class MolliePaymentModuleFrontController
{
}

class MolliePaymentModuleFrontControllerOverride extends MolliePaymentModuleFrontController
{
}
