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

/** What works but should not stay so, in the employee's language. */
final class AdminWarnings
{
    /** @var object with PrestaShop's trans(id, parameters, domain) */
    private $translator;

    /** @param object $translator */
    public function __construct($translator)
    {
        $this->translator = $translator;
    }

    /**
     * What works but should not stay so.
     *
     * @param string[]                $lost      hooks that were not registered when the page was opened
     * @param string[]                $missing   those of them that still are not
     * @param array<string, string[]> $unreached as Reach::found() gives it
     *
     * @return string[]
     */
    public function all(Settings $settings, ?Status $status, array $lost, array $missing, array $unreached): array
    {
        $warnings = array_merge($this->ofHooks(array_diff($lost, $missing), $missing), $this->ofReach($unreached));
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
     * @param string[] $mended
     * @param string[] $missing
     *
     * @return string[]
     */
    private function ofHooks(array $mended, array $missing): array
    {
        $warnings = [];
        if ($mended !== []) {
            $warnings[] = $this->translator->trans(
                'These hooks were not registered, and are now: %hooks%',
                ['%hooks%' => implode(', ', $mended)],
                'Modules.Molliebridge.Admin'
            );
        }
        if ($missing !== []) {
            $warnings[] = $this->translator->trans(
                'Not registered, and PrestaShop refuses to: %hooks%. Its log says why.',
                ['%hooks%' => implode(', ', $missing)],
                'Modules.Molliebridge.Admin'
            );
        }

        return $warnings;
    }

    /**
     * Where PrestaShop does not call the module.
     *
     * @param array<string, string[]> $unreached
     *
     * @return string[]
     */
    private function ofReach(array $unreached): array
    {
        $warnings = [];
        foreach ($unreached as $what => $names) {
            $warnings[] = $this->unreached($what, implode(', ', $names));
        }

        return $warnings;
    }

    private function unreached(string $what, string $names): string
    {
        switch ($what) {
            case Reach::SHOPS:
                return $this->translator->trans(
                    'Payments are not guarded in these shops, where this module is off: %shops%. Enable it there and open its page.',
                    ['%shops%' => $names],
                    'Modules.Molliebridge.Admin'
                );
            case Reach::HOOKS:
                return $this->translator->trans(
                    'Switched off in the shop: %hooks%. Switch these hooks on under Design > Positions.',
                    ['%hooks%' => $names],
                    'Modules.Molliebridge.Admin'
                );
            case Reach::GROUPS:
                return $this->translator->trans(
                    'Customer groups that may use the Mollie module but not this one: %groups%. Their payments are not guarded.',
                    ['%groups%' => $names],
                    'Modules.Molliebridge.Admin'
                );
            case Reach::DEVICES:
                return $this->translator->trans(
                    'This module is switched off for some devices: payments made with them are not guarded.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
            default:
                return $this->translator->trans(
                    'The shop runs without modules from elsewhere (debug mode): nothing is guarded.',
                    [],
                    'Modules.Molliebridge.Admin'
                );
        }
    }
}
