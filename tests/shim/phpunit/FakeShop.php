<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\MolliePayment;
use MollieBridge\PayableCart;
use MollieBridge\Shop;

/** A shop whose tables are arrays. */
final class FakeShop implements Shop
{
    /** @var array<int, array<int, string>> references by order id, by cart */
    public $orders = [];

    /** @var array<string, array{cart: int, number: string, status: string}> the module's rows, newest first */
    public $payments = [];

    /** @var array<string, MolliePayment> */
    public $atMollie = [];

    public function findPayableCart(int $cartId, string $method, bool $byCarrier = false): ?PayableCart
    {
        return new PayableCart($cartId, 1, 7, '14.40', 'EUR', $method, 'hash');
    }

    public function customerId(): int
    {
        return 7;
    }

    public function orderReferences(int $cartId): array
    {
        return $this->orders[$cartId] ?? [];
    }

    public function findCartOf(string $transactionId): int
    {
        return $this->payments[$transactionId]['cart'] ?? 0;
    }

    public function shopOf(int $cartId): int
    {
        return 1;
    }

    public function findOrderNumber(string $transactionId): string
    {
        return $this->payments[$transactionId]['number'] ?? '';
    }

    public function findTransaction(int $cartId, string $orderNumber): string
    {
        foreach ($this->payments as $transactionId => $payment) {
            if ($payment['number'] === $orderNumber) {
                return $transactionId;
            }
        }

        return '';
    }

    public function recentPayments(int $cartId, int $minutes): array
    {
        $own = array_filter($this->payments, static function (array $payment) use ($cartId): bool {
            return $payment['cart'] === $cartId;
        });

        return array_map(static function (array $payment): string {
            return $payment['status'];
        }, $own);
    }

    public function askMollie(string $transactionId): ?MolliePayment
    {
        return $this->atMollie[$transactionId] ?? null;
    }

    public function confirmationUrl(int $cartId, int $orderId): string
    {
        return 'https://shop.test/order-confirmation?id_cart=' . $cartId . '&id_order=' . $orderId;
    }

    public function returnUrl(int $cartId, string $orderNumber): string
    {
        return 'https://shop.test/return?cart_id=' . $cartId . '&order_number=' . $orderNumber;
    }

    public function paymentStepUrl(): string
    {
        return 'https://shop.test/order?step=payment';
    }
}
