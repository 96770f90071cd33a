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
 * The last check, at the moment at which an order is about to be inserted: does what let this request through still
 * hold, and has nobody else made an order of the cart? Orders of the back office, of other payment modules and of
 * unguarded requests are nobody's business.
 */
final class OrderGuard
{
    private const RETRY_SECONDS = 2;

    /** Seconds before its end at which a lease no longer counts when the sidecar can not be asked. */
    private const MARGIN = 1.0;

    /** What a lease of the shim's own is taken for: lower-case letters, digits and hyphens. */
    private const PURPOSE = 'order-before-payment';

    /** @var Settings */
    private $settings;

    /** @var Sidecar */
    private $sidecar;

    /** @var Shop */
    private $shop;

    /** @var InitiationAnswers */
    private $answers;

    /** @var Texts */
    private $texts;

    /** @var Work */
    private $work;

    /** @var Clock */
    private $clock;

    /** @var string|null the reference that was let through: the other orders of a split cart follow it */
    private $passed;

    public function __construct(
        Settings $settings,
        Sidecar $sidecar,
        Shop $shop,
        InitiationAnswers $answers,
        Texts $texts,
        Work $work,
        Clock $clock
    ) {
        $this->settings = $settings;
        $this->sidecar = $sidecar;
        $this->shop = $shop;
        $this->answers = $answers;
        $this->texts = $texts;
        $this->work = $work;
        $this->clock = $clock;
    }

    /**
     * What to answer instead of making the order, or null: it is made. `$reference` is the new order's, '' where
     * PrestaShop has not chosen it yet.
     */
    public function guard(int $cartId, string $reference): ?Response
    {
        $concerns = $this->work->cartId === $cartId || $this->work->cartId === 0;
        if ($this->work->kind === '' || !$concerns) {
            return null;
        }
        if ($reference !== '' && $reference === $this->passed) {
            return null;
        }
        $instead = $this->stillHolds();
        if ($instead === null && $this->work->kind !== '') {
            $instead = $this->otherOrder($cartId, $reference);
        }
        if ($instead === null) {
            $this->passed = $reference;
        }

        return $instead;
    }

    private function stillHolds(): ?Response
    {
        if ($this->work->lease !== null) {
            return $this->leaseHolds($this->work->lease) ? null : $this->refusal();
        }
        if ($this->work->until !== null) {
            return $this->clock->now() < $this->work->until ? null : $this->refusal();
        }
        if ($this->work->claimsLate) {
            return $this->claim();
        }

        return $this->work->paymentId !== null ? $this->lease() : null;
    }

    private function leaseHolds(Lease $lease): bool
    {
        $reply = $this->sidecar->renew($lease->token);
        if (!$reply->isAnswer()) {
            return $this->clock->now() < $lease->expiresAt - self::MARGIN;
        }

        return $reply->is(200);
    }

    /** The return page is about to make an order: what a webhook would have to do, it has to do now. */
    private function claim(): ?Response
    {
        $this->work->claimsLate = false;
        $left = ReturnGuard::SECONDS - ($this->clock->elapsed() - $this->work->began);
        $claim = $this->work->transactionId !== '' && $left > 0
            ? $this->sidecar->claim($this->work->transactionId, $left)
            : Reply::silence('no time is left');
        if (!$claim->isAnswer()) {
            if (!$this->settings->rollout()->guards($this->shop->shopOf($this->work->cartId), $this->work->cartId)) {
                $this->work->kind = '';

                return null;
            }

            return $this->takeFile() ? null : $this->refusal();
        }
        if ($claim->is(200) && $claim->text('decision') === 'process') {
            $this->work->lease = Lease::of($claim);
            // Observing: from here on nobody interferes.
            $this->work->kind = $this->work->lease !== null ? $this->work->kind : '';

            return null;
        }

        return $claim->is(200) ? $this->answers->inProgress(Initiation::PAGE, null) : $this->refusal();
    }

    /** A bank transfer's order is made before its payment: the reservation keeps other payments away, not webhooks. */
    private function lease(): ?Response
    {
        $cartId = $this->work->cartId;
        $reply = $this->sidecar->lease($this->shop->shopOf($cartId), $cartId, self::PURPOSE);
        if (!$reply->isAnswer()) {
            return $this->takeFile() || $this->settings->failsOpen() ? null : $this->refusal();
        }
        $this->work->lease = Lease::of($reply);

        return $this->work->lease !== null ? null : $this->refusal();
    }

    private function takeFile(): bool
    {
        if (!$this->settings->filesAreShared()) {
            return false;
        }
        $key = FileLock::cartKey($this->work->cartId);
        $lock = new FileLock($this->settings->lockDirectory(), $key, $this->clock);
        if ($lock->acquire(0.0) !== FileLock::TAKEN) {
            return false;
        }
        $this->work->fileLock = $lock;

        return true;
    }

    private function otherOrder(int $cartId, string $reference): ?Response
    {
        $others = array_diff($this->shop->orderReferences($cartId), $reference !== '' ? [$reference] : []);
        if ($others === []) {
            return null;
        }

        return $this->work->kind === Work::WEBHOOK
            ? $this->refusal()
            : Response::redirect($this->shop->confirmationUrl($cartId, (int) key($others)));
    }

    private function refusal(): Response
    {
        switch ($this->work->kind) {
            case Work::WEBHOOK:
                return Response::comeAgain(self::RETRY_SECONDS, 'The cart is being worked on');
            case Work::RETURN_PAGE:
                return Response::waitingPage(self::RETRY_SECONDS, $this->texts->beingProcessed());
            default:
                return $this->answers->later(Initiation::PAGE, self::RETRY_SECONDS);
        }
    }
}
