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
 * A payment is to be created and the sidecar is silent. `closed`: not now. `open`: the sale goes on, under the cart's
 * lock file and by what the shop's own tables say. A cart that the sidecar only watched is let through in any case.
 */
final class OfflinePayments
{
    private const PENDING_MINUTES = 30;
    private const RETRY_SECONDS = 10;

    /** Seconds to wait for the lock file: with the sidecar's 2.5, and a question to Mollie, still below three. */
    private const LOCK_SECONDS = 0.2;

    /** @var Settings */
    private $settings;

    /** @var Shop */
    private $shop;

    /** @var InitiationAnswers */
    private $answers;

    /** @var OutageCounter */
    private $outages;

    /** @var Work */
    private $work;

    /** @var Clock */
    private $clock;

    public function __construct(
        Settings $settings,
        Shop $shop,
        InitiationAnswers $answers,
        OutageCounter $outages,
        Work $work,
        Clock $clock
    ) {
        $this->settings = $settings;
        $this->shop = $shop;
        $this->answers = $answers;
        $this->outages = $outages;
        $this->work = $work;
        $this->clock = $clock;
    }

    /** What to answer instead of the module, or null: the module goes on. */
    public function guard(Initiation $initiation, string $reason): ?Response
    {
        $this->outages->count(OutageCounter::INITIATION, $reason);
        if (!$this->settings->rollout()->guards($initiation->cart->shopId, $initiation->cart->cartId)) {
            // Only watched as long as the sidecar spoke: the shop is as it would be without the bridge.
            return null;
        }
        if (!$this->settings->failsOpen()) {
            return $this->answers->notNow($initiation->place, self::RETRY_SECONDS);
        }
        $cart = $initiation->cart;
        $lock = new FileLock($this->settings->lockDirectory(), FileLock::cartKey($cart->cartId), $this->clock);
        $outcome = $lock->acquire(self::LOCK_SECONDS);
        if ($outcome === FileLock::HELD) {
            return $this->answers->later($initiation->place, self::RETRY_SECONDS);
        }
        // A lock that can not be had at all must not stop the sale: that is what "open" means.
        $this->work->fileLock = $outcome === FileLock::TAKEN ? $lock : null;
        $instead = $this->inTheWay($initiation);
        if ($instead !== null) {
            $lock->release();
            $this->work->fileLock = null;
        }

        return $instead;
    }

    private function inTheWay(Initiation $initiation): ?Response
    {
        $cart = $initiation->cart;
        $orders = $this->shop->orderReferences($cart->cartId);
        if ($orders !== []) {
            $url = $this->shop->confirmationUrl($cart->cartId, (int) key($orders));

            return $this->answers->paid($initiation->place, $url);
        }
        foreach ($this->shop->recentPayments($cart->cartId, self::PENDING_MINUTES) as $transactionId => $status) {
            $instead = $this->standing($initiation, (string) $transactionId, $status);
            if ($instead !== null) {
                return $instead;
            }
        }

        return null;
    }

    /** The module's `paid` can be believed; its `open` may be over long since, so Mollie is asked. */
    private function standing(Initiation $initiation, string $transactionId, string $status): ?Response
    {
        $cart = $initiation->cart;
        $payment = null;
        if (!in_array($status, ['paid', 'authorized'], true)) {
            $payment = $this->shop->askMollie($transactionId);
            $status = $payment !== null ? $payment->status : 'unknown';
        }
        if (in_array($status, ['paid', 'authorized', 'pending'], true)) {
            $url = $this->shop->returnUrl($cart->cartId, $this->shop->findOrderNumber($transactionId));

            return $this->answers->paid($initiation->place, $url);
        }
        $same = $payment !== null && $payment->amount === $cart->amount && $payment->currency === $cart->currency;

        return $same && $status === 'open' && $payment->checkoutUrl !== null
            ? $this->answers->resume($initiation->place, $payment->checkoutUrl)
            : null;
    }
}
