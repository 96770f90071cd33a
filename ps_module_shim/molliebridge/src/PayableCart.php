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

/** What a payment of a cart would be for; values only. */
final class PayableCart
{
    /** @var int */
    public $cartId;

    /** @var int */
    public $shopId;

    /** @var int */
    public $customerId;

    /** @var string such as 14.40: what the Mollie module would ask Mollie for, its payment fee included */
    public $amount;

    /** @var string such as EUR */
    public $currency;

    /** @var string Mollie's name of the method; '' when the shopper is to choose there */
    public $method;

    /** @var string the same products in the same quantities give the same one on any cart */
    public $basketHash;

    public function __construct(
        int $cartId,
        int $shopId,
        int $customerId,
        string $amount,
        string $currency,
        string $method,
        string $basketHash
    ) {
        $this->cartId = $cartId;
        $this->shopId = $shopId;
        $this->customerId = $customerId;
        $this->amount = $amount;
        $this->currency = $currency;
        $this->method = $method;
        $this->basketHash = $basketHash;
    }

    /**
     * The fingerprint of a basket.
     *
     * @param array<string, int> $quantities by product, such as `12` or `12-3` with its combination
     */
    public static function hash(array $quantities): string
    {
        $lines = [];
        foreach ($quantities as $product => $quantity) {
            $lines[] = $product . ':' . $quantity;
        }
        sort($lines, SORT_STRING);

        return hash('sha256', implode(',', $lines));
    }
}
