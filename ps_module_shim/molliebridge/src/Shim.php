<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Context;
use Tools;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** The shim in one request: puts the parts together, and says which guard is to look at what. */
final class Shim
{
    /** @var Settings */
    private $settings;

    /** @var SettingsStore */
    private $store;

    /** @var Sidecar */
    private $sidecar;

    /** @var Texts */
    private $texts;

    /** @var Shop */
    private $shop;

    /** @var Browser */
    private $browser;

    /** @var Work */
    private $work;

    /** @var PaymentGuard */
    private $payments;

    /** @var WebhookGuard */
    private $webhooks;

    /** @var ReturnGuard */
    private $returns;

    /** @var OrderGuard */
    private $orders;

    /** @var Clock */
    private $clock;

    public function __construct(
        Settings $settings,
        SettingsStore $store,
        Context $context,
        Texts $texts,
        OutageCounter $outages
    ) {
        $this->settings = $settings;
        $this->store = $store;
        $this->texts = $texts;
        $this->clock = $clock = new SystemClock();
        $this->browser = new Browser(isset($context->cookie) ? $context->cookie : null);
        $this->work = $work = new Work();
        $this->shop = $shop = new CoreShop($context);
        $client = new Client(new CurlTransport($settings->endpoint()), $settings->token(), $clock);
        $this->sidecar = $sidecar = new Sidecar($client);
        $answers = new InitiationAnswers($texts, $shop);
        $offline = new OfflinePayments($settings, $shop, $answers, $outages, $work, $clock);
        $this->payments = new PaymentGuard($sidecar, $shop, $answers, $offline, $work);
        $this->webhooks = new WebhookGuard($settings, $sidecar, $shop, $outages, $work, $clock);
        $this->returns = new ReturnGuard($sidecar, $shop, $outages, $work, $clock);
        $this->orders = new OrderGuard($settings, $sidecar, $shop, $answers, $texts, $work, $clock);
    }

    /**
     * Guard a controller of the Mollie module, before it does anything. `$cookieCart`: the cart of the shopper's
     * cookie, before PrestaShop forgot it because it has an order.
     *
     * @param object $controller
     */
    public function guard(string $place, $controller, int $contextCart, int $cookieCart): void
    {
        $this->work->began = $this->clock->elapsed();
        switch ($place) {
            case Place::WEBHOOK:
            case Place::SUBSCRIPTION:
                $instead = $this->guardWebhook($place === Place::SUBSCRIPTION);
                break;
            case Place::RETURN_PAGE:
                $instead = $this->guardReturn();
                break;
            default:
                $instead = $this->guardPayment($place, $contextCart, $cookieCart);
        }
        if ($instead !== null) {
            $this->browser->answer($instead, $controller, $this->texts);
        }
    }

    /** The last check before an order is inserted. */
    public function guardOrder(int $cartId, string $reference, $controller): void
    {
        $instead = $this->orders->guard($cartId, $reference);
        if ($instead !== null) {
            $this->browser->answer($instead, $controller, $this->texts);
        }
    }

    /** A fault of ours: into PHP's log, never into the page. */
    public static function report(\Throwable $error): void
    {
        error_log(sprintf(
            'molliebridge: %s: %s (%s:%d)',
            get_class($error),
            $error->getMessage(),
            basename($error->getFile()),
            $error->getLine()
        ));
    }

    /** The module's controllers end with exit, so that nothing but this comes after them. */
    private function atTheEnd(callable $work): void
    {
        register_shutdown_function(static function () use ($work): void {
            try {
                $work();
            } catch (\Throwable $error) {
                self::report($error);
            }
        });
    }

    private function guardPayment(string $place, int $contextCart, int $cookieCart): ?Response
    {
        $initiation = $this->initiation($place, $contextCart, $cookieCart);
        if ($initiation === null) {
            return null;
        }
        $instead = $this->payments->guard($initiation);
        if ($instead === null && ($this->work->paymentId !== null || $this->work->fileLock !== null)) {
            // A shopper who goes away must not leave a payment half made.
            ignore_user_abort(true);
            $this->atTheEnd(function () use ($initiation): void {
                $this->finishPayment($initiation);
            });
        }

        $this->learnAtTheEnd($initiation->cart);

        return $instead;
    }

    /**
     * The sidecar did otherwise than was remembered of it, or nothing is remembered yet: ask it how it is set, when the
     * answer has left.
     */
    private function learnAtTheEnd(PayableCart $cart): void
    {
        $guarded = $this->work->wasGuarded;
        if ($guarded === null || $this->settings->rollout()->fits($cart->shopId, $cart->cartId, $guarded)) {
            return;
        }
        $this->atTheEnd(function (): void {
            $this->browser->letGo();
            $this->store->learn(new Status($this->sidecar->status()));
        });
    }

    private function initiation(string $place, int $contextCart, int $cookieCart): ?Initiation
    {
        $key = $this->key();
        switch ($place) {
            case Place::BANCONTACT:
                $cart = $this->shop->findPayableCart($contextCart, 'bancontact');

                return $cart !== null ? new Initiation(Initiation::SCRIPT, $cart, $key) : null;
            case Place::APPLE_PAY:
                $cart = $this->shop->findPayableCart((int) Tools::getValue('cartId'), 'applepay', true);

                return $cart !== null ? new Initiation(Initiation::APPLE_PAY, $cart, $key) : null;
            default:
                $cart = $this->ownCart($contextCart, $cookieCart);

                return $cart !== null ? new Initiation(Initiation::PAGE, $cart, $key) : null;
        }
    }

    /** The shopper's cart; also one that PrestaShop no longer shows him because it has become an order. */
    private function ownCart(int $contextCart, int $cookieCart): ?PayableCart
    {
        $customerId = $this->shop->customerId();
        $cart = $this->shop->findPayableCart($contextCart ?: $cookieCart, $this->method());
        if ($cart === null || $cart->customerId === 0) {
            // The module sends these away by itself.
            return null;
        }
        if ($contextCart === 0 && $cart->customerId !== $customerId) {
            return null;
        }
        // Who asks, and not who owns: the sidecar compares.
        $cart->customerId = $customerId ?: $cart->customerId;

        return $cart;
    }

    private function finishPayment(Initiation $initiation): void
    {
        $location = $this->browser->location();
        $answered = $initiation->place !== Initiation::PAGE
            && $this->browser->status() < 400 && !$this->browser->wasCutOff();
        $this->browser->letGo();
        $this->payments->finish($location, $this->browser->header('HTTP_HOST'), $answered);
    }

    private function guardWebhook(bool $isSubscription): ?Response
    {
        $transactionId = Tools::getValue('id');
        $instead = $this->webhooks->guard(
            is_string($transactionId) ? $transactionId : '',
            $this->browser->header(ForwardedCall::SERVER_KEY),
            $isSubscription
        );
        if ($instead === null && $this->work->kind !== '') {
            // Mollie hangs up after 15 s; the work is to be finished all the same.
            ignore_user_abort(true);
            $this->atTheEnd(function (): void {
                $instead = $this->webhooks->finish($this->browser->status(), $this->browser->wasCutOff());
                if ($instead !== null) {
                    $this->browser->replace($instead);
                }
            });
        }

        return $instead;
    }

    private function guardReturn(): ?Response
    {
        $this->returns->guard(
            (int) Tools::getValue('cart_id'),
            $this->text('transaction_id'),
            $this->text('order_number')
        );
        $this->atTheEnd(function (): void {
            $this->returns->finish($this->browser->status(), $this->browser->wasCutOff());
        });

        return null;
    }

    /** The browser's own key, in whichever way it came, else a fresh one. */
    private function key(): string
    {
        return Uuid::read($this->browser->header('HTTP_X_IDEMPOTENCY_KEY'))
            ?? Uuid::read($this->browser->header('HTTP_IDEMPOTENCY_KEY'))
            ?? Uuid::read($this->text('molliebridge_key'))
            ?? Uuid::random();
    }

    private function method(): string
    {
        $method = $this->text('method');

        return preg_match('/\A[a-z0-9_-]{1,64}\z/i', $method) === 1 ? $method : '';
    }

    private function text(string $name): string
    {
        $value = Tools::getValue($name);

        return is_string($value) ? $value : '';
    }
}
