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
 * The sidecar's routes that the shim uses. Each method lists the statuses that it may hand on; anything else, and
 * answers that lack what the caller needs, are silence.
 */
final class Sidecar
{
    private const ACTIONS = ['show_order', 'wait_for_order', 'resume', 'retry_later', 'deny'];

    /** Seconds that the sidecar may wait for another tab before it decides. */
    private const WAIT_SECONDS = '2';

    /** 503 that says "somebody is at it", not "I am broken". */
    private const BUSY = ['lock-timeout', 'unavailable'];

    /** @var Client */
    private $client;

    public function __construct(Client $client)
    {
        $this->client = $client;
    }

    /** May the cart be paid? 201; 409 with `action`, or with the problem key-in-progress; 403; 422 key-reused; 503 busy. */
    public function reserve(PayableCart $cart, string $key): Reply
    {
        $body = [
            'shop_id' => $cart->shopId,
            'cart_id' => $cart->cartId,
            'customer_id' => $cart->customerId,
            'amount' => $cart->amount,
            'currency' => $cart->currency,
            'basket_hash' => $cart->basketHash,
        ] + ($cart->method !== '' ? ['method' => $cart->method] : []);
        $reply = $this->client->post('/v1/payments', $body, Client::PATIENCE_SECONDS, [
            'Idempotency-Key: ' . $key,
            'Prefer: wait=' . self::WAIT_SECONDS,
        ]);

        return $this->onlyIf($this->isUnderstoodReservation($reply), $reply);
    }

    /** The module made the payment and sent the shopper to `$checkoutUrl` (null: somewhere else). 200, 409. */
    public function bind(string $paymentId, ?string $checkoutUrl): Reply
    {
        $body = $checkoutUrl !== null ? ['checkout_url' => $checkoutUrl] : [];

        return $this->only($this->client->post('/v1/payments/' . rawurlencode($paymentId) . '/bind', $body), 200, 409);
    }

    /** The module did not make the payment. 200. */
    public function release(string $paymentId, string $reason): Reply
    {
        $path = '/v1/payments/' . rawurlencode($paymentId) . '/release';

        return $this->only($this->client->post($path, ['reason' => substr($reason, 0, 200)]), 200);
    }

    /** May the module work on a webhook? 200 with `decision` and `lease`; 409 held; 422 no id; 429; 503. */
    public function claim(string $transactionId, float $seconds = Client::PATIENCE_SECONDS): Reply
    {
        $reply = $this->client->post('/v1/webhooks/claim', ['transaction_id' => $transactionId], $seconds);
        $decided = in_array($reply->text('decision'), ['process', 'skip'], true)
            && ($reply->isNull('lease') || Lease::read($reply->object('lease')) !== null);

        return $this->onlyIf($reply->is(409, 422, 429, 503) || ($reply->is(200) && $decided), $reply);
    }

    /** A lease on the cart for the shim's own purpose. 201; 409 held; 503. */
    public function lease(int $shopId, int $cartId, string $purpose): Reply
    {
        $body = ['shop_id' => $shopId, 'cart_id' => $cartId, 'purpose' => $purpose];
        $reply = $this->client->post('/v1/leases', $body);

        return $this->onlyIf($reply->is(409, 503) || ($reply->is(201) && Lease::of($reply) !== null), $reply);
    }

    /** 200, or 409 when the lease was lost. */
    public function renew(string $token): Reply
    {
        return $this->only($this->client->post('/v1/leases/' . rawurlencode($token) . '/renew', []), 200, 409);
    }

    /** 200 with `verified`; 409 when the lease was lost. */
    public function complete(string $token, bool $succeeded, int $status): Reply
    {
        $body = ['outcome' => $succeeded ? 'done' : 'failed', 'http_status' => $status];

        return $this->only($this->client->post('/v1/leases/' . rawurlencode($token) . '/complete', $body), 200, 409);
    }

    /** The shopper is back: settle what is paid. 200. */
    public function settle(int $cartId, float $seconds): Reply
    {
        return $this->only($this->client->post('/v1/carts/' . $cartId . '/settle', [], $seconds), 200);
    }

    /** Version, mode and figures. 200, 401, 403. */
    public function status(): Reply
    {
        return $this->client->get('/v1/status');
    }

    private function isUnderstoodReservation(Reply $reply): bool
    {
        switch ($reply->status()) {
            case 201:
                // Null outside of the roll-out: nothing to bind or to release then.
                return $reply->isNull('payment_id') || $reply->text('payment_id') !== null;
            case 409:
                return in_array($reply->text('action'), self::ACTIONS, true) || $reply->problem() !== '';
            case 403:
                return $reply->problem() === 'foreign-cart';
            case 422:
                return $reply->problem() === 'key-reused';
            case 503:
                return in_array($reply->problem(), self::BUSY, true);
            default:
                return false;
        }
    }

    private function only(Reply $reply, int ...$statuses): Reply
    {
        return $this->onlyIf($reply->is(...$statuses), $reply);
    }

    private function onlyIf(bool $understood, Reply $reply): Reply
    {
        if ($understood || !$reply->isAnswer()) {
            return $reply;
        }

        return Reply::silence(rtrim('HTTP ' . $reply->status() . ' ' . $reply->problem()));
    }
}
