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

/** What the shopper is told, in his language. */
final class Texts
{
    /** @var object with PrestaShop's trans(id, parameters, domain) */
    private $translator;

    /** @param object $translator */
    public function __construct($translator)
    {
        $this->translator = $translator;
    }

    public function inProgress(): string
    {
        return $this->translator->trans('A payment is already in progress', [], 'Modules.Molliebridge.Shop');
    }

    public function openPayment(): string
    {
        return $this->translator->trans('Go on with that payment', [], 'Modules.Molliebridge.Shop');
    }

    public function alreadyPaid(): string
    {
        return $this->translator->trans('This order has already been paid', [], 'Modules.Molliebridge.Shop');
    }

    public function foreignCart(): string
    {
        return $this->translator->trans(
            'This cart belongs to another account. Please sign in again.',
            [],
            'Modules.Molliebridge.Shop'
        );
    }

    public function notNow(): string
    {
        return $this->translator->trans(
            'Payments are not possible for a moment. Please try again.',
            [],
            'Modules.Molliebridge.Shop'
        );
    }

    public function beingProcessed(): string
    {
        return $this->translator->trans(
            'Your payment is being processed. This page looks again in a moment.',
            [],
            'Modules.Molliebridge.Shop'
        );
    }

    /**
     * The texts of the front-office script.
     *
     * @return array<string, string>
     */
    public function ofScript(): array
    {
        return [
            'working' => $this->translator->trans('One moment please...', [], 'Modules.Molliebridge.Shop'),
            'retrying' => $this->translator->trans('This takes longer than usual.', [], 'Modules.Molliebridge.Shop'),
            'slow' => $this->translator->trans(
                'The payment page is slow to open. You can wait or try again.',
                [],
                'Modules.Molliebridge.Shop'
            ),
            'conflict' => $this->inProgress(),
            'link' => $this->openPayment(),
            'failed' => $this->notNow(),
        ];
    }
}
