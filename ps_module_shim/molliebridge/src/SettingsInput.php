<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** What a merchant typed into the configuration form: read, checked, and what is wrong with it. */
final class SettingsInput
{
    /**
     * What the fields are called in the form. Not by these names alone: `token` is what PrestaShop calls the token that
     * lets an employee's request in, and the one that is posted goes before the one in the address.
     */
    public const FIELDS = [
        'endpoint' => 'molliebridge_endpoint',
        'token' => 'molliebridge_token',
        'policy' => 'molliebridge_policy',
        'lock_directory' => 'molliebridge_lock_directory',
    ];

    /** The sidecar refuses shorter ones, too. */
    private const SHORTEST_TOKEN = 32;

    /** @var string */
    public $endpoint;

    /** @var string empty: the stored one stays */
    public $token;

    /** @var string */
    public $policy;

    /** @var string */
    public $lockDirectory;

    public function __construct(string $endpoint, string $token, string $policy, string $lockDirectory)
    {
        $this->endpoint = trim($endpoint);
        $this->token = trim($token);
        $this->policy = $policy;
        $this->lockDirectory = trim($lockDirectory);
    }

    /**
     * The fields that can not be stored, each with the reason.
     *
     * @return array<string, string> field => reason, of: address, token_missing, token_shape, policy,
     *                               directory_relative, directory_missing, directory_not_writable
     */
    public function faults(bool $hasToken): array
    {
        return array_filter([
            'endpoint' => Endpoint::read($this->endpoint) === null ? 'address' : '',
            'token' => $this->tokenFault($hasToken),
            'policy' => in_array($this->policy, [Settings::OPEN, Settings::CLOSED], true) ? '' : 'policy',
            'lock_directory' => $this->directoryFault(),
        ]);
    }

    private function tokenFault(bool $hasToken): string
    {
        if ($this->token === '') {
            return $hasToken ? '' : 'token_missing';
        }
        // What can stand in an Authorization header (RFC 6750); anything else is a slip of the clipboard.
        $sound = preg_match('#\A[A-Za-z0-9._~+/=-]{' . self::SHORTEST_TOKEN . ',256}\z#', $this->token) === 1;

        return $sound ? '' : 'token_shape';
    }

    private function directoryFault(): string
    {
        $directory = $this->lockDirectory;
        if ($directory === '') {
            return '';
        }
        if ($directory[0] !== '/' || strpos($directory, "\0") !== false) {
            return 'directory_relative';
        }
        if (!is_dir($directory)) {
            return 'directory_missing';
        }

        return is_writable($directory) ? '' : 'directory_not_writable';
    }
}
