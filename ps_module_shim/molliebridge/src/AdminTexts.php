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

/** What the back office page says of the bridge, in the employee's language. */
final class AdminTexts
{
    /** @var object with PrestaShop's trans(id, parameters, domain) */
    private $translator;

    /** @param object $translator */
    public function __construct($translator)
    {
        $this->translator = $translator;
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
            'superseded' => $this->translator->trans(
                'Payments given up for a changed cart',
                [],
                'Modules.Molliebridge.Admin'
            ),
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
}
