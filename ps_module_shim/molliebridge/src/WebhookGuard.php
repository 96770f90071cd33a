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
 * Before the module works on a webhook, and after it.
 *
 * | found | then |
 * |---|---|
 * | the sidecar's own signed call, in time | the module works; the sidecar holds the lease and verifies |
 * | claim: process | the module works under the lease; then the sidecar verifies: an unverified 200 becomes 503 |
 * | claim: skip | 200, the module hears nothing |
 * | claim: 409, 429, 503 | 503, Mollie comes again |
 * | claim: 422, what was posted is no transaction id | the module refuses it by itself |
 * | the sidecar is silent, the cart is only watched | the module works, nothing else |
 * | the sidecar is silent | the module works under the cart's lock file; 503 where that is not to be had |
 */
final class WebhookGuard
{
    private const RETRY_SECONDS = 5;

    /** Seconds to wait for the lock file, with the sidecar's 2.5 still below three. */
    private const LOCK_SECONDS = 0.3;

    /** What the sidecar says of a payment that it can not match with a cart. */
    private const NOT_KNOWN = ['unknown', 'unmatched'];

    /** @var Settings */
    private $settings;

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

    public function __construct(
        Settings $settings,
        Sidecar $sidecar,
        Shop $shop,
        OutageCounter $outages,
        Work $work,
        Clock $clock
    ) {
        $this->settings = $settings;
        $this->sidecar = $sidecar;
        $this->shop = $shop;
        $this->outages = $outages;
        $this->work = $work;
        $this->clock = $clock;
    }

    /**
     * What to answer instead of the module, or null: the module works. `$isSubscription`: the first call for a renewal
     * is about a payment whose cart the module is yet to make, so that nobody can know it.
     */
    public function guard(string $transactionId, string $forwarded, bool $isSubscription): ?Response
    {
        if ($transactionId === '') {
            return null;
        }
        $call = ForwardedCall::read($forwarded, $this->settings->token(), $transactionId, $this->clock->now());
        if ($call !== null) {
            $this->begin($transactionId, $call->cartId);
            $this->work->until = $call->until;

            return null;
        }
        $claim = $this->sidecar->claim($transactionId);
        if (!$claim->isAnswer()) {
            return $this->alone($transactionId, $claim->reason());
        }
        if ($claim->is(422)) {
            return null;
        }
        if (!$claim->is(200)) {
            return Response::comeAgain($claim->retryAfter(self::RETRY_SECONDS), 'The cart is being worked on');
        }
        if ($claim->text('decision') === 'skip') {
            $isRenewal = $isSubscription && in_array($claim->text('reason'), self::NOT_KNOWN, true);

            return $isRenewal ? null : Response::json(200, ['success' => true]);
        }
        $this->work->lease = Lease::of($claim);
        if ($this->work->lease !== null) {
            $this->begin($transactionId, $claim->number('cart_id') ?? 0);
        }

        return null;
    }

    /**
     * The script ends with `$status`, or was cut off. What to answer instead, or null: the answer stands.
     */
    public function finish(int $status, bool $wasCutOff): ?Response
    {
        $looksDone = $status >= 200 && $status < 300;
        $succeeded = $looksDone && !$wasCutOff;
        $verified = $succeeded;
        if ($this->work->lease !== null) {
            $reply = $this->sidecar->complete($this->work->lease->token, $succeeded, $wasCutOff ? 500 : $status);
            $this->work->lease = null;
            // Silence is no proof either. Without it Mollie would take its call for done.
            $verified = $succeeded && $reply->is(200) && $reply->isTrue('verified');
        }
        if ($this->work->fileLock !== null) {
            $this->work->fileLock->release();
            $this->work->fileLock = null;
        }

        return $looksDone && !$verified
            ? Response::comeAgain(self::RETRY_SECONDS, 'The result could not be verified')
            : null;
    }

    private function begin(string $transactionId, int $cartId): void
    {
        $this->work->kind = Work::WEBHOOK;
        $this->work->cartId = $cartId;
        $this->work->transactionId = $transactionId;
    }

    private function alone(string $transactionId, string $reason): ?Response
    {
        $this->outages->count(OutageCounter::WEBHOOK, $reason);
        if ($this->settings->rollout()->guardsNone()) {
            return null;
        }
        $cartId = $this->findCart($transactionId);
        if ($cartId !== 0 && !$this->settings->rollout()->guards($this->shop->shopOf($cartId), $cartId)) {
            return null;
        }
        if (!$this->settings->filesAreShared()) {
            return Response::comeAgain(self::RETRY_SECONDS, 'The sidecar does not answer');
        }
        $this->begin($transactionId, $cartId);
        if ($cartId === 0) {
            // Nothing to lock: the module will find no cart either, or makes a new one (a renewal).
            return null;
        }
        $lock = new FileLock($this->settings->lockDirectory(), FileLock::cartKey($cartId), $this->clock);
        if ($lock->acquire(self::LOCK_SECONDS) !== FileLock::TAKEN) {
            return Response::comeAgain(self::RETRY_SECONDS, 'The cart is being worked on');
        }
        $this->work->fileLock = $lock;

        return null;
    }

    /** 0 when neither the module's table nor Mollie names one. */
    private function findCart(string $transactionId): int
    {
        $cartId = $this->shop->findCartOf($transactionId);
        if ($cartId !== 0) {
            return $cartId;
        }
        $payment = $this->shop->askMollie($transactionId);

        return $payment !== null ? $payment->cartId : 0;
    }
}
