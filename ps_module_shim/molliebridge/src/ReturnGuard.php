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
 * The shopper is back from the checkout page: the sidecar asks Mollie and settles, so that the module finds the order.
 *
 * It takes no lease: the module makes an order here in one rare case only (a payment that is `pending`), and then the
 * last check before the order claims the cart.
 */
final class ReturnGuard
{
    /** A shopper waits for this page. */
    public const SECONDS = 2.0;

    /** An answer that would have come a moment later is no outage: the sidecar itself waits up to two seconds. */
    private const ALMOST = 0.9;

    /** @var Sidecar */
    private $sidecar;

    /** @var Shop */
    private $shop;

    /** @var OutageCounter */
    private $outages;

    /** @var Work */
    private $work;

    /** @var Clock */
    private $clock;

    public function __construct(Sidecar $sidecar, Shop $shop, OutageCounter $outages, Work $work, Clock $clock)
    {
        $this->sidecar = $sidecar;
        $this->shop = $shop;
        $this->outages = $outages;
        $this->work = $work;
        $this->clock = $clock;
    }

    /** The module goes on in any case. */
    public function guard(int $cartId, string $transactionId, string $orderNumber): void
    {
        if ($cartId <= 0) {
            return;
        }
        $began = $this->clock->elapsed();
        $reply = $this->sidecar->settle($cartId, self::SECONDS);
        $waited = $this->clock->elapsed() - $began;
        if (!$reply->isAnswer() && $waited < self::ALMOST * self::SECONDS) {
            $this->outages->count(OutageCounter::RETURN_PAGE, $reply->reason());
        }
        $this->work->kind = Work::RETURN_PAGE;
        $this->work->cartId = $cartId;
        $this->work->transactionId = $transactionId !== ''
            ? $transactionId
            : $this->shop->findTransaction($cartId, $orderNumber);
        $this->work->claimsLate = true;
    }

    /** The script ends: give back what the last check claimed. */
    public function finish(int $status, bool $wasCutOff): void
    {
        if ($this->work->lease !== null) {
            $succeeded = !$wasCutOff && $status < 400;
            $this->sidecar->complete($this->work->lease->token, $succeeded, $wasCutOff ? 500 : $status);
            $this->work->lease = null;
        }
        if ($this->work->fileLock !== null) {
            $this->work->fileLock->release();
            $this->work->fileLock = null;
        }
    }
}
