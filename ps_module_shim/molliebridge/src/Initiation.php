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

/** Where a payment is about to be created, and how that place wants to be answered; values only. */
final class Initiation
{
    /** A page that the browser loads. */
    public const PAGE = 'page';
    /** A script's request, which wants JSON. */
    public const SCRIPT = 'script';
    /** As SCRIPT, with what Apple Pay's sheet needs to be told. */
    public const APPLE_PAY = 'apple_pay';

    /** @var string */
    public $place;

    /** @var PayableCart */
    public $cart;

    /** @var string the idempotency key */
    public $key;

    public function __construct(string $place, PayableCart $cart, string $key)
    {
        $this->place = $place;
        $this->cart = $cart;
        $this->key = $key;
    }
}
