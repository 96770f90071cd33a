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

/**
 * What this request is at work on: which guard let it through, and what it holds meanwhile. One per request, shared by
 * the guard that decides, by the last check before an order, and by what runs when the script ends.
 */
final class Work
{
    public const PAYMENT = 'payment';
    public const WEBHOOK = 'webhook';
    public const RETURN_PAGE = 'return';

    /** @var string '' as long as no guard let the request through: then nobody interferes with its orders */
    public $kind = '';

    /** @var int 0 when it is not known */
    public $cartId = 0;

    /** @var Lease|null */
    public $lease;

    /** @var float|null seconds since 1970: the end of the lease that the sidecar holds for this forwarded call */
    public $until;

    /** @var FileLock|null */
    public $fileLock;

    /** @var string|null id of the payment that the sidecar reserved for this request */
    public $paymentId;

    /** @var bool|null whether the sidecar guarded the payment or only watched it; null: it did not say */
    public $wasGuarded;

    /** @var bool whether the cart is to be claimed before an order is made, and not earlier */
    public $claimsLate = false;

    /** @var string */
    public $transactionId = '';

    /** @var float seconds of Clock::elapsed() when the guard began */
    public $began = 0.0;
}
