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
 * Before the module creates a payment: may this cart be paid now?
 *
 * | the sidecar says | then |
 * |---|---|
 * | 201 | the module goes on; bound or released when the script ends |
 * | 409 show_order | the order confirmation |
 * | 409 wait_for_order | the module's return page |
 * | 409 resume | the checkout page that is open |
 * | 409 retry_later, deny; 503 busy | the payment step, "A payment is already in progress" |
 * | 403 | the payment step, "This cart belongs to another account" |
 * | 422 key-reused, deny of a payment that is over | asked once more, with a key of our own |
 * | nothing of use (404 and 401 too) | OfflinePayments |
 */
final class PaymentGuard
{
    private const LIVE = ['reserved', 'open', 'pending', 'uncertain'];
    private const RETRY_SECONDS = 2;

    /** @var Sidecar */
    private $sidecar;

    /** @var Shop */
    private $shop;

    /** @var InitiationAnswers */
    private $answers;

    /** @var OfflinePayments */
    private $offline;

    /** @var Work */
    private $work;

    public function __construct(
        Sidecar $sidecar,
        Shop $shop,
        InitiationAnswers $answers,
        OfflinePayments $offline,
        Work $work
    ) {
        $this->sidecar = $sidecar;
        $this->shop = $shop;
        $this->answers = $answers;
        $this->offline = $offline;
        $this->work = $work;
    }

    /** What to answer instead of the module, or null: the module goes on. */
    public function guard(Initiation $initiation): ?Response
    {
        $reply = $this->sidecar->reserve($initiation->cart, $initiation->key);
        if ($this->wantsAnotherKey($reply)) {
            $reply = $this->sidecar->reserve($initiation->cart, Uuid::random());
        }
        if (!$reply->isAnswer() || $reply->is(422)) {
            return $this->offline->guard($initiation, $reply->reason() ?: 'two keys were refused');
        }
        if ($reply->is(201) || $reply->text('action') !== null) {
            $this->work->wasGuarded = $reply->is(409) || $reply->text('payment_id') !== null;
        }
        if ($reply->is(201)) {
            $this->begin($initiation->cart, $reply->text('payment_id'));

            return null;
        }

        return $this->instead($initiation, $reply);
    }

    /**
     * The script ends: tell what became of the payment. `$location` is where the module sent the shopper, null where
     * it did not; `$ownHost` is the shop's, `$answered` whether a script was answered without an error.
     */
    public function finish(?string $location, string $ownHost, bool $answered): void
    {
        if ($this->work->lease !== null) {
            // Taken by the last check, for a bank transfer's order.
            $this->sidecar->complete($this->work->lease->token, true, 200);
            $this->work->lease = null;
        }
        if ($this->work->fileLock !== null) {
            $this->work->fileLock->release();
            $this->work->fileLock = null;
        }
        $paymentId = $this->work->paymentId;
        if ($paymentId === null) {
            return;
        }
        $this->work->paymentId = null;
        if ($location !== null && self::leadsToCheckout($location, $ownHost)) {
            $this->sidecar->bind($paymentId, $location);
        } elseif ($answered || ($location !== null && self::leadsToReturnPage($location))) {
            // No page to resume: paid at once (a stored card, Apple Pay), or a QR code was shown.
            $this->sidecar->bind($paymentId, null);
        } else {
            $this->sidecar->release($paymentId, 'the module made no payment');
        }
    }

    private function begin(PayableCart $cart, ?string $paymentId): void
    {
        if ($paymentId === null) {
            // Observing, or not in the roll-out: nobody interferes from here on.
            return;
        }
        $this->work->kind = Work::PAYMENT;
        $this->work->cartId = $cart->cartId;
        $this->work->paymentId = $paymentId;
    }

    private function wantsAnotherKey(Reply $reply): bool
    {
        $status = $reply->text('status');
        $over = $reply->is(409) && $reply->text('action') === 'deny' && $status !== null
            && !in_array($status, self::LIVE, true);

        return $over || $reply->is(422);
    }

    private function instead(Initiation $initiation, Reply $reply): Response
    {
        $cartId = $initiation->cart->cartId;
        if ($reply->is(403)) {
            return $this->answers->foreign($initiation->place);
        }
        switch ($reply->text('action')) {
            case 'show_order':
                $orderId = $reply->number('order_id') ?? (int) key($this->shop->orderReferences($cartId));

                return $this->answers->paid($initiation->place, $this->shop->confirmationUrl($cartId, $orderId));
            case 'wait_for_order':
                $number = $this->shop->findOrderNumber($reply->text('transaction_id') ?? '');

                return $this->answers->paid($initiation->place, $this->shop->returnUrl($cartId, $number));
            case 'resume':
                $checkout = self::checkoutUrl($reply);

                return $checkout !== null
                    ? $this->answers->resume($initiation->place, $checkout)
                    : $this->answers->inProgress($initiation->place, null);
            case 'deny':
                return $this->answers->inProgress($initiation->place, self::checkoutUrl($reply));
            default:
                $seconds = $reply->retryAfter(self::RETRY_SECONDS);

                return $this->answers->later($initiation->place, $seconds);
        }
    }

    /** An address that a shopper may be sent to. */
    private static function checkoutUrl(Reply $reply): ?string
    {
        $url = $reply->text('checkout_url', 2048) ?? '';

        return preg_match('#\Ahttps?://[^\s"<>]+\z#i', $url) === 1 ? $url : null;
    }

    private static function leadsToCheckout(string $location, string $ownHost): bool
    {
        $host = (string) parse_url($location, PHP_URL_HOST);
        $port = parse_url($location, PHP_URL_PORT);

        return $host !== '' && strtolower($host . ($port ? ':' . $port : '')) !== strtolower($ownHost);
    }

    private static function leadsToReturnPage(string $location): bool
    {
        return preg_match('#[?&]controller=return\b|/module/mollie/return\b#', $location) === 1
            || preg_match('#[?&]cart_id=\d+.*&order_number=#', $location) === 1;
    }
}
