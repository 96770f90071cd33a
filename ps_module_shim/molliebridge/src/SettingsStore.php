<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Configuration;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * The settings in PrestaShop's configuration table: one set for all shops of a multishop, as there is one sidecar for
 * their one database.
 */
final class SettingsStore
{
    public const ENDPOINT = 'MOLLIEBRIDGE_ENDPOINT';
    public const TOKEN = 'MOLLIEBRIDGE_TOKEN';
    public const POLICY = 'MOLLIEBRIDGE_POLICY';
    public const LOCK_DIRECTORY = 'MOLLIEBRIDGE_LOCK_DIR';
    public const BACKEND = 'MOLLIEBRIDGE_BACKEND';
    public const ROLLOUT = 'MOLLIEBRIDGE_ROLLOUT';
    public const HOOKS_MADE = 'MOLLIEBRIDGE_HOOKS';

    public const DEFAULT_ENDPOINT = 'http://127.0.0.1:8787';

    private const ALL = [
        self::ENDPOINT,
        self::TOKEN,
        self::POLICY,
        self::LOCK_DIRECTORY,
        self::BACKEND,
        self::ROLLOUT,
        self::HOOKS_MADE,
    ];

    public function load(): Settings
    {
        return new Settings(
            Endpoint::read($this->text(self::ENDPOINT, self::DEFAULT_ENDPOINT)),
            $this->text(self::TOKEN),
            $this->text(self::POLICY, Settings::OPEN),
            $this->text(self::LOCK_DIRECTORY),
            $this->text(self::BACKEND, 'flock'),
            $this->text(self::ROLLOUT)
        );
    }

    /** A stored value; `$default` when there is none. */
    public function text(string $key, string $default = ''): string
    {
        $value = Configuration::get($key);

        return is_string($value) && $value !== '' ? $value : $default;
    }

    /** Store one value, for all shops. */
    public function save(string $key, string $value): bool
    {
        return (bool) Configuration::updateGlobalValue($key, $value);
    }

    /** Keep what the sidecar says of itself, for the time when it can not be asked. Writes only what has changed. */
    public function learn(Status $status): void
    {
        foreach ([self::BACKEND => $status->backend, self::ROLLOUT => Rollout::told($status)] as $key => $told) {
            if ($told !== '' && $told !== $this->text($key)) {
                $this->save($key, $told);
            }
        }
    }

    /**
     * Make the rows that shoppers' requests change later: two of them at once would each insert one, as the table's
     * names are not unique.
     */
    public function prepare(): void
    {
        foreach ([self::BACKEND, self::ROLLOUT] as $key) {
            if ($this->text($key) === '') {
                $this->save($key, '');
            }
        }
    }

    /** Remove every row. */
    public function clear(): bool
    {
        $removed = true;
        foreach (self::ALL as $key) {
            $removed = Configuration::deleteByName($key) && $removed;
        }

        return $removed;
    }
}
