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

/** What the back office page says, in the employee's language. */
final class AdminTexts
{
    /** @var object with PrestaShop's trans(id, parameters, domain) */
    private $translator;

    /** @param object $translator */
    public function __construct($translator)
    {
        $this->translator = $translator;
    }

    public function saved(): string
    {
        return $this->translator->trans('Settings saved.', [], 'Modules.Molliebridge.Admin');
    }

    /** Why a setting can not be stored; `$fault` as SettingsInput names it. */
    public function fault(string $fault): string
    {
        switch ($fault) {
            case 'address':
                return $this->translator->trans(
                    'The address must look like http://127.0.0.1:8787 or unix:/run/mollie-bridge/bridge.sock.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            case 'token_missing':
                return $this->translator->trans(
                    'Paste the token: it is auth.shop_token in the bridge\'s config.toml.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            case 'token_shape':
                return $this->translator->trans(
                    'This is no token of the bridge: it has at least 32 characters and no spaces.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            case 'directory_relative':
                return $this->translator->trans(
                    'The lock directory must be a full path, such as /tmp.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            case 'directory_missing':
                return $this->translator->trans(
                    'The lock directory does not exist on this web server.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            case 'directory_not_writable':
                return $this->translator->trans(
                    'The web server may not write to the lock directory.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            default:
                return $this->translator->trans('Choose what happens.', [], 'Modules.Molliebridge.Admin');
        }
    }

    public function connection(?Status $status): string
    {
        if ($status === null) {
            return $this->translator->trans(
                'Not configured yet: nothing is guarded.',
                [],
                'Modules.Molliebridge.Admin'
            );
        }
        if ($status->isAuthorised) {
            return $this->translator->trans(
                'Connected to the bridge %version%',
                ['%version%' => $status->version],
                'Modules.Molliebridge.Admin'
            );
        }
        if ($status->isReachable) {
            return $this->translator->trans(
                'The bridge refuses the token.',
                [],
                'Modules.Molliebridge.Admin'
            );
        }

        return $this->translator->trans(
            'The bridge does not answer: %reason%',
            ['%reason%' => $status->reason],
            'Modules.Molliebridge.Admin'
        );
    }

    public function mode(Status $status): string
    {
        if ($status->mode === 'observe') {
            return $this->translator->trans(
                'Observing: decisions are logged, nobody is stopped.',
                [],
                'Modules.Molliebridge.Admin'
            );
        }
        if ($status->mode === 'enforce') {
            return $this->translator->trans(
                'Guarding %percentage% percent of the carts.',
                ['%percentage%' => $status->percentage ?? 100],
                'Modules.Molliebridge.Admin'
            );
        }

        return '';
    }

    /**
     * The figures with their names, in order.
     *
     * @return array<int, array{name: string, value: string, alarms: bool}>
     */
    public function figures(Status $status): array
    {
        $names = [
            'prevented' => $this->translator->trans('Double payments prevented', [], 'Modules.Molliebridge.Admin'),
            'resumed' => $this->translator->trans('Open payments resumed', [], 'Modules.Molliebridge.Admin'),
            'surplus' => $this->translator->trans('Surplus payments', [], 'Modules.Molliebridge.Admin'),
            'refunded' => $this->translator->trans('Surplus payments refunded', [], 'Modules.Molliebridge.Admin'),
            'awaiting_approval' => $this->translator->trans(
                'Refunds that wait for approval',
                [],
                'Modules.Molliebridge.Admin'
            ),
            'dead_deliveries' => $this->translator->trans(
                'Webhooks that need a person',
                [],
                'Modules.Molliebridge.Admin'
            ),
        ];
        $rows = [];
        foreach ($names as $name => $text) {
            $value = $status->figures[$name];
            $alarms = in_array($name, ['awaiting_approval', 'dead_deliveries'], true) && (int) $value > 0;
            $rows[] = ['name' => $text, 'value' => $value === null ? '-' : (string) $value, 'alarms' => $alarms];
        }

        return $rows;
    }

    /**
     * How often this web server did without the sidecar; '' when it never did.
     *
     * @param array<string, int|string> $sums as OutageCounter::sums() gives them
     */
    public function outages(array $sums): string
    {
        if ($sums['initiation'] + $sums['webhook'] + $sums['return'] === 0) {
            return '';
        }

        return $this->translator->trans(
            'Without the bridge in 30 days: %payments% payments, %webhooks% webhooks, %returns% returns; last %time%: %reason%',
            [
                '%payments%' => $sums['initiation'],
                '%webhooks%' => $sums['webhook'],
                '%returns%' => $sums['return'],
                '%time%' => $sums['last_at'],
                '%reason%' => $sums['last_reason'],
            ],
            'Modules.Molliebridge.Admin'
        );
    }

    /**
     * What works but should not stay so.
     *
     * @param string[] $missingHooks
     *
     * @return string[]
     */
    public function warnings(Settings $settings, ?Status $status, array $missingHooks): array
    {
        $warnings = [];
        if ($missingHooks !== []) {
            $warnings[] = $this->translator->trans(
                'Not registered: %hooks%. Reset the module in the module manager.',
                ['%hooks%' => implode(', ', $missingHooks)],
                'Modules.Molliebridge.Admin'
            );
        }
        if ($settings->endpoint() !== null && !$settings->endpoint()->isPrivate()) {
            $warnings[] = $this->translator->trans(
                'The bridge is on another machine and the connection is not encrypted: anybody between can read the token.',
                [],
                'Modules.Molliebridge.Admin'
            );
        }
        $differs = $status !== null && $status->backend === 'flock' && $status->lockDirectory !== ''
            && rtrim($status->lockDirectory, '/') !== rtrim($settings->lockDirectory(), '/');
        if ($differs) {
            $warnings[] = $this->translator->trans(
                'The bridge locks in %there%, this module in %here%: without the bridge these locks would keep nobody away.',
                ['%there%' => $status->lockDirectory, '%here%' => $settings->lockDirectory()],
                'Modules.Molliebridge.Admin'
            );
        }

        return $warnings;
    }

    /**
     * The form, as HelperForm wants it.
     *
     * @return array<string, mixed>
     */
    public function form(bool $hasToken, string $tempDirectory): array
    {
        return ['form' => [
            'legend' => [
                'title' => $this->translator->trans('Settings', [], 'Modules.Molliebridge.Admin'),
                'icon' => 'icon-cogs',
            ],
            'input' => [
                [
                    'type' => 'text',
                    'name' => 'endpoint',
                    'label' => $this->translator->trans('Address of the bridge', [], 'Modules.Molliebridge.Admin'),
                    'desc' => $this->translator->trans(
                        'server.bind in config.toml; unix:/path for a Unix socket',
                        [],
                        'Modules.Molliebridge.Admin'
                    ),
                    'required' => true,
                ],
                [
                    'type' => 'password',
                    'name' => 'token',
                    'label' => $this->translator->trans('Token', [], 'Modules.Molliebridge.Admin'),
                    'desc' => $hasToken
                        ? $this->translator->trans(
                            'A token is stored. Leave this empty to keep it.',
                            [],
                            'Modules.Molliebridge.Admin'
                        )
                        : $this->translator->trans('auth.shop_token in config.toml', [], 'Modules.Molliebridge.Admin'),
                    'required' => !$hasToken,
                    'autocomplete' => false,
                ],
                [
                    'type' => 'select',
                    'name' => 'policy',
                    'label' => $this->translator->trans(
                        'When the bridge does not answer',
                        [],
                        'Modules.Molliebridge.Admin'
                    ),
                    'options' => [
                        'query' => [
                            [
                                'id' => Settings::OPEN,
                                'name' => $this->translator->trans('sell on', [], 'Modules.Molliebridge.Admin'),
                            ],
                            [
                                'id' => Settings::CLOSED,
                                'name' => $this->translator->trans(
                                    'ask the shopper to try again',
                                    [],
                                    'Modules.Molliebridge.Admin'
                                ),
                            ],
                        ],
                        'id' => 'id',
                        'name' => 'name',
                    ],
                ],
                [
                    'type' => 'text',
                    'name' => 'lock_directory',
                    'label' => $this->translator->trans('Lock directory', [], 'Modules.Molliebridge.Admin'),
                    'desc' => $this->translator->trans(
                        'The same as locks.directory in config.toml. Empty: %path%',
                        ['%path%' => $tempDirectory],
                        'Modules.Molliebridge.Admin'
                    ),
                ],
            ],
            'submit' => ['title' => $this->translator->trans('Save', [], 'Modules.Molliebridge.Admin')],
        ]];
    }
}
