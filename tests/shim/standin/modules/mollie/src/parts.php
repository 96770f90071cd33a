<?php

/**
 * Keys, references and rows that the module makes.
 */

declare(strict_types=1);

class MollieKeys
{
    /** The `secure_key` of the metadata and the `key` of the return page. */
    public static function returning(Cart $cart): string
    {
        return Tools::hash((int) $cart->id_customer . (int) $cart->id . 'mollie');
    }

    /** The token of the webhook's address: the same for all payments of a customer. */
    public static function security(Cart $cart): string
    {
        return Tools::hash((string) $cart->secure_key);
    }

    public static function reference(Cart $cart): string
    {
        return 'mol_' . (int) $cart->id . uniqid() . time();
    }
}

class MollieRows
{
    private const NAME = _DB_PREFIX_ . 'mollie_payments';

    /** The module's times come from the database. */
    public static function addOpen(string $transaction, int $cart, string $method, string $reference, int $order = 0): void
    {
        Db::getInstance()->insert('mollie_payments', [
            'transaction_id' => pSQL($transaction),
            'cart_id' => $cart,
            'order_id' => $order,
            'order_reference' => pSQL($reference),
            'mandate_id' => '',
            'method' => pSQL($method),
            'bank_status' => 'open',
            'created_at' => ['type' => 'sql', 'value' => 'NOW()'],
        ]);
    }

    /**
     * @return array<string, string>|false
     */
    public static function findBy(string $column, $value)
    {
        return Db::getInstance()->getRow('SELECT * FROM `' . self::NAME . "` WHERE `$column` = '" . pSQL((string) $value) . "'");
    }

    public static function change(string $transaction, array $values): void
    {
        $values['updated_at'] = ['type' => 'sql', 'value' => 'NOW()'];
        Db::getInstance()->update('mollie_payments', $values, "`transaction_id` = '" . pSQL($transaction) . "'");
    }
}

class MollieRequests
{
    /** What the module sends to Mollie for whatever the cart costs now. */
    public static function payment(Cart $cart, string $method, string $reference): array
    {
        $link = Context::getContext()->link;
        $back = [
            'cart_id' => (int) $cart->id,
            'utm_nooverride' => 1,
            'rand' => time(),
            'key' => MollieKeys::returning($cart),
            'customerId' => (int) $cart->id_customer,
            'order_number' => $reference,
        ];

        return [
            'amount' => ['currency' => (new Currency($cart->id_currency))->iso_code, 'value' => number_format($cart->getOrderTotal(), 2, '.', '')],
            'description' => $reference,
            'redirectUrl' => $link->getModuleLink('mollie', 'return', $back, true),
            'webhookUrl' => $link->getModuleLink('mollie', 'webhook', ['security_token' => MollieKeys::security($cart)], true),
            'method' => $method,
            'metadata' => [
                'cart_id' => (int) $cart->id,
                'order_reference' => $reference,
                'secure_key' => MollieKeys::returning($cart),
            ],
            'locale' => 'en_US',
        ];
    }

    public static function name(?string $method): string
    {
        $names = ['ideal' => 'iDEAL', 'bancontact' => 'Bancontact', 'banktransfer' => 'Bank transfer', 'applepay' => 'Apple Pay'];

        return $names[$method] ?? 'Card';
    }
}
