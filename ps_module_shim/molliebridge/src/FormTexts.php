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

/** What the form with the settings says, in the employee's language. */
final class FormTexts
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
                    'name' => SettingsInput::FIELDS['endpoint'],
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
                    'name' => SettingsInput::FIELDS['token'],
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
                    'name' => SettingsInput::FIELDS['policy'],
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
                    'name' => SettingsInput::FIELDS['lock_directory'],
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
