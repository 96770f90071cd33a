<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Cart;
use Configuration;
use Context;
use Currency;
use Db;
use Module;
use Tools;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** The shop as PrestaShop's classes and tables tell it. Reads only. */
final class CoreShop implements Shop
{
    private const MODULE = 'mollie';

    /** @var Context */
    private $context;

    public function __construct(Context $context)
    {
        $this->context = $context;
    }

    public function findPayableCart(int $cartId, string $method, bool $byCarrier = false): ?PayableCart
    {
        $cart = $this->cart($cartId);
        if ($cart === null) {
            return null;
        }
        $total = $byCarrier
            ? $cart->getOrderTotal(true, Cart::BOTH, null, $cart->id_carrier)
            : $cart->getOrderTotal(true, Cart::BOTH);
        if (!is_numeric($total) || (float) $total <= 0) {
            return null;
        }
        // Rounded twice, as the module does it: the cart's total, and with the fee.
        $amount = (float) self::rounded((float) $total);

        return new PayableCart(
            (int) $cart->id,
            (int) $cart->id_shop,
            (int) $cart->id_customer,
            self::rounded($amount + $this->fee($method, $amount)),
            strtoupper($this->currencyCode((int) $cart->id_currency)),
            $method,
            PayableCart::hash($this->quantities($cart))
        );
    }

    public function customerId(): int
    {
        return isset($this->context->customer->id) ? (int) $this->context->customer->id : 0;
    }

    public function orderReferences(int $cartId): array
    {
        $rows = $this->rows('SELECT `id_order`, `reference` FROM `%sorders` WHERE `id_cart` = %d ORDER BY `id_order`', [
            $cartId,
        ]);

        return array_column($rows, 'reference', 'id_order');
    }

    public function findCartOf(string $transactionId): int
    {
        $rows = $this->rows('SELECT `cart_id` FROM `%smollie_payments` WHERE `transaction_id` = "%s"', [
            $transactionId,
        ]);

        return (int) ($rows[0]['cart_id'] ?? 0);
    }

    public function shopOf(int $cartId): int
    {
        $rows = $this->rows('SELECT `id_shop` FROM `%scart` WHERE `id_cart` = %d', [$cartId]);

        return (int) ($rows[0]['id_shop'] ?? 1);
    }

    public function findOrderNumber(string $transactionId): string
    {
        $rows = $this->rows('SELECT `order_reference` FROM `%smollie_payments` WHERE `transaction_id` = "%s"', [
            $transactionId,
        ]);

        return (string) ($rows[0]['order_reference'] ?? '');
    }

    public function findTransaction(int $cartId, string $orderNumber): string
    {
        // The payment that the address names, else the cart's newest.
        $rows = $this->rows(
            'SELECT `transaction_id` FROM `%smollie_payments` WHERE `cart_id` = %d'
            . ' ORDER BY `order_reference` = "%s" DESC, `created_at` DESC, `transaction_id` LIMIT 1',
            [$cartId, $orderNumber]
        );

        return (string) ($rows[0]['transaction_id'] ?? '');
    }

    public function recentPayments(int $cartId, int $minutes): array
    {
        // NOW() stamped the rows, so NOW() tells their age.
        $rows = $this->rows(
            'SELECT `transaction_id`, `bank_status` FROM `%smollie_payments` WHERE `cart_id` = %d'
            . ' AND `bank_status` NOT IN ("canceled", "expired", "failed")'
            . ' AND (`created_at` > NOW() - INTERVAL %d MINUTE OR `bank_status` IN ("paid", "authorized"))'
            . ' ORDER BY `created_at` DESC LIMIT 5',
            [$cartId, $minutes]
        );

        return array_column($rows, 'bank_status', 'transaction_id');
    }

    public function askMollie(string $transactionId): ?MolliePayment
    {
        try {
            $payment = Module::getInstanceByName(self::MODULE)->getApiClient()->payments->get($transactionId);

            return new MolliePayment(
                (string) $payment->status,
                (string) $payment->amount->value,
                (string) $payment->amount->currency,
                (int) ($payment->metadata->cart_id ?? 0),
                $payment->getCheckoutUrl() ?: null
            );
        } catch (\Throwable $error) {
            // No key, no answer, an Orders API id: the module meets the same and answers for it.
            return null;
        }
    }

    public function confirmationUrl(int $cartId, int $orderId): string
    {
        $rows = $this->rows('SELECT `module` FROM `%sorders` WHERE `id_order` = %d', [$orderId]);
        // The page refuses an order of another payment module than the one it is told.
        $module = Module::getInstanceByName((string) ($rows[0]['module'] ?? self::MODULE));
        $cart = $this->cart($cartId);

        return $this->context->link->getPageLink('order-confirmation', true, null, [
            'id_cart' => $cartId,
            'id_module' => is_object($module) ? (int) $module->id : 0,
            'id_order' => $orderId,
            'key' => $cart !== null ? (string) $cart->secure_key : '',
        ]);
    }

    public function returnUrl(int $cartId, string $orderNumber): string
    {
        $cart = $this->cart($cartId);
        $customerId = $cart !== null ? (int) $cart->id_customer : 0;

        return $this->context->link->getModuleLink(self::MODULE, 'return', [
            'cart_id' => $cartId,
            'utm_nooverride' => 1,
            'rand' => time(),
            'key' => $this->returnKey($customerId, $cartId),
            'customerId' => $customerId,
            'order_number' => $orderNumber,
        ], true);
    }

    public function paymentStepUrl(): string
    {
        return $this->context->link->getPageLink('order', true, null, ['step' => 'payment']);
    }

    private function cart(int $cartId): ?Cart
    {
        if ($cartId <= 0) {
            return null;
        }
        $known = $this->context->cart;
        $cart = isset($known->id) && (int) $known->id === $cartId ? $known : new Cart($cartId);

        return (int) $cart->id === $cartId ? $cart : null;
    }

    private function currencyCode(int $currencyId): string
    {
        $known = $this->context->currency;
        $currency = isset($known->id) && (int) $known->id === $currencyId ? $known : new Currency($currencyId);

        return (string) $currency->iso_code;
    }

    /** @return array<string, int> */
    private function quantities(Cart $cart): array
    {
        $quantities = [];
        foreach ($cart->getProducts() as $line) {
            $product = (int) $line['id_product'] . '-' . (int) ($line['id_product_attribute'] ?? 0);
            $quantities[$product] = ($quantities[$product] ?? 0) + (int) $line['cart_quantity'];
        }

        return $quantities;
    }

    /** What the module adds for the method. It is part of what Mollie is asked for, so it is part of the amount. */
    private function fee(string $method, float $total): float
    {
        try {
            if ($method === '' || !class_exists('MolPaymentMethod')) {
                return 0.0;
            }
            $module = Module::getInstanceByName(self::MODULE);
            $methods = $module->getService('Mollie\Repository\PaymentMethodRepositoryInterface');
            $id = (int) $methods->getPaymentMethodIdByMethodId(
                $method,
                (int) Configuration::get('MOLLIE_ENVIRONMENT')
            );
            $paymentMethod = new \MolPaymentMethod($id);
            if ($id === 0 || !(int) $paymentMethod->surcharge) {
                return 0.0;
            }
            $fees = $module->getService('Mollie\Provider\PaymentFeeProviderInterface');
            $fee = $fees->getPaymentFee($paymentMethod, $total);

            return $fee->isActive() ? (float) $fee->getPaymentFeeTaxIncl() : 0.0;
        } catch (\Throwable $error) {
            // Another version of the module: without the fee a changed method looks like an unchanged amount, no more.
            return 0.0;
        }
    }

    private function returnKey(int $customerId, int $cartId): string
    {
        if (method_exists('Mollie\Utility\SecureKeyUtility', 'generateReturnKey')) {
            return (string) \Mollie\Utility\SecureKeyUtility::generateReturnKey($customerId, $cartId, self::MODULE);
        }

        return Tools::hash($customerId . $cartId . self::MODULE);
    }

    /**
     * @param array<int, int|string> $values
     *
     * @return array<int, array<string, mixed>>
     */
    private function rows(string $template, array $values): array
    {
        try {
            $escaped = array_map(static function ($value) {
                return is_int($value) ? $value : pSQL((string) $value);
            }, $values);
            // From the master and not from the query cache: what was written a moment ago decides.
            $rows = Db::getInstance()->executeS(vsprintf($template, array_merge([_DB_PREFIX_], $escaped)), true, false);
        } catch (\Throwable $error) {
            error_log('molliebridge: ' . get_class($error) . ' while reading the shop\'s tables');
            $rows = [];
        }

        return is_array($rows) ? $rows : [];
    }

    private static function rounded(float $amount): string
    {
        return number_format($amount, 2, '.', '');
    }
}
