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

/** A payment as Mollie tells it; values only. */
final class MolliePayment
{
    /** @var string */
    public $status;

    /** @var string such as 14.40 */
    public $amount;

    /** @var string */
    public $currency;

    /** @var int 0 when it names none */
    public $cartId;

    /** @var string|null */
    public $checkoutUrl;

    public function __construct(string $status, string $amount, string $currency, int $cartId, ?string $checkoutUrl)
    {
        $this->status = $status;
        $this->amount = $amount;
        $this->currency = $currency;
        $this->cartId = $cartId;
        $this->checkoutUrl = $checkoutUrl;
    }
}
