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

/** What the guards need to know of the shop. */
interface Shop
{
    /**
     * The cart as it would be paid with `$method`; null when there is none or nothing to pay. `$byCarrier`: with the
     * carrier that the cart names, as Apple Pay's sheet reckons.
     */
    public function findPayableCart(int $cartId, string $method, bool $byCarrier = false): ?PayableCart;

    /** Who looks at the page; 0 for nobody. */
    public function customerId(): int;

    /**
     * The cart's orders. A split order has several ids and one reference.
     *
     * @return array<int, string> reference by id, oldest first
     */
    public function orderReferences(int $cartId): array;

    /** The cart of a payment, by the Mollie module's table; 0 when it is not there. */
    public function findCartOf(string $transactionId): int;

    /** The shop of a multishop that a cart is of; 1 where it is not known. */
    public function shopOf(int $cartId): int;

    /** The order number under which the module knows a payment; '' when it does not. */
    public function findOrderNumber(string $transactionId): string;

    /** The payment that a return page is about, by the module's table; '' when it is not there. */
    public function findTransaction(int $cartId, string $orderNumber): string;

    /**
     * The cart's payments of the last `$minutes` that the module does not know to be over, newest first.
     *
     * @return array<string, string> the module's status by transaction
     */
    public function recentPayments(int $cartId, int $minutes): array;

    /** The payment at Mollie, through the module's own client; null when that does not work out. */
    public function askMollie(string $transactionId): ?MolliePayment;

    /** The order's confirmation page. */
    public function confirmationUrl(int $cartId, int $orderId): string;

    /** The Mollie module's return page, where the shopper waits for his order. */
    public function returnUrl(int $cartId, string $orderNumber): string;

    /** The checkout's payment step. */
    public function paymentStepUrl(): string;
}
