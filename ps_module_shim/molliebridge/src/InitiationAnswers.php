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

/** What a shopper who may not create a payment now is answered, on a page and in a script's JSON. */
final class InitiationAnswers
{
    /** @var Texts */
    private $texts;

    /** @var Shop */
    private $shop;

    public function __construct(Texts $texts, Shop $shop)
    {
        $this->texts = $texts;
        $this->shop = $shop;
    }

    /** The cart is paid, or has its order: on to that page. */
    public function paid(string $place, string $url): Response
    {
        return $place === Initiation::PAGE
            ? Response::redirect($url)
            : $this->json($place, 409, $this->texts->alreadyPaid(), $url);
    }

    /** The checkout page of an earlier payment is still open. */
    public function resume(string $place, string $checkoutUrl): Response
    {
        return $place === Initiation::PAGE
            ? Response::redirect($checkoutUrl)
            : $this->json($place, 409, $this->texts->inProgress(), $checkoutUrl);
    }

    public function inProgress(string $place, ?string $checkoutUrl): Response
    {
        return $this->refusal($place, 409, $this->texts->inProgress(), $checkoutUrl, []);
    }

    /** Somebody is creating the payment at this moment: a script asks again by itself. */
    public function later(string $place, int $seconds): Response
    {
        $headers = ['Retry-After' => (string) $seconds];

        return $this->refusal($place, 503, $this->texts->inProgress(), null, $headers);
    }

    public function foreign(string $place): Response
    {
        return $this->refusal($place, 403, $this->texts->foreignCart(), null, []);
    }

    /** The sidecar is silent, and the merchant wants no sale without it. */
    public function notNow(string $place, int $seconds): Response
    {
        return $this->refusal($place, 503, $this->texts->notNow(), null, ['Retry-After' => (string) $seconds]);
    }

    /** @param array<string, string> $headers */
    private function refusal(string $place, int $status, string $message, ?string $link, array $headers): Response
    {
        return $place === Initiation::PAGE
            ? Response::redirectWithNotice($this->shop->paymentStepUrl(), $message, $link)
            : $this->json($place, $status, $message, $link, $headers);
    }

    /** @param array<string, string> $headers */
    private function json(string $place, int $status, string $message, ?string $url, array $headers = []): Response
    {
        $body = ['success' => false, 'message' => $message, 'url' => $url];
        if ($place === Initiation::APPLE_PAY) {
            // The form in which the module's own script learns that Apple's sheet is to be closed.
            $body += [
                'status' => 'STATUS_FAILURE',
                'errors' => [['code' => 'unknown', 'contactField' => null, 'message' => $message]],
            ];
        }

        return Response::json($status, $body, $headers);
    }
}
