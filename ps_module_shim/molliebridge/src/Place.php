<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Tools;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** Which of the Mollie module's front controllers runs, and what it is asked for. */
final class Place
{
    public const PAYMENT = 'payment';
    public const BANCONTACT = 'bancontactajax';
    public const APPLE_PAY = 'applepaydirectajax';
    public const WEBHOOK = 'webhook';
    public const SUBSCRIPTION = 'subscriptionwebhook';
    public const RETURN_PAGE = 'return';

    private const SHAPE = '/\Amollie(payment|bancontactajax|applepaydirectajax|webhook|subscriptionwebhook|return)'
        . 'modulefrontcontroller\z/';

    /**
     * The controller's place; null for all that needs no guard. By class name, parents too: a shop may have overridden
     * a controller, and the dispatcher writes the names in lower case.
     *
     * @param mixed $controller
     */
    public static function of($controller): ?string
    {
        if (!is_object($controller)) {
            return null;
        }
        foreach (array_merge([get_class($controller)], array_values(class_parents($controller))) as $class) {
            if (preg_match(self::SHAPE, strtolower($class), $found) === 1) {
                return self::isMeant($found[1]) ? $found[1] : null;
            }
        }

        return null;
    }

    /** Whether Mollie calls there, and not a shopper. */
    public static function isWebhook(string $place): bool
    {
        return $place === self::WEBHOOK || $place === self::SUBSCRIPTION;
    }

    /** Both AJAX controllers do other things, too; the return page is polled while the shopper waits. */
    private static function isMeant(string $place): bool
    {
        switch ($place) {
            case self::BANCONTACT:
                return Tools::getValue('action') === 'createTransaction';
            case self::APPLE_PAY:
                return Tools::getValue('action') === 'mollie_apple_pay_create_order';
            case self::RETURN_PAGE:
                return !Tools::getValue('ajax');
            default:
                return true;
        }
    }
}
