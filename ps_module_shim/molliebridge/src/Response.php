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

/** What a guard answers instead of the page that was asked for; values only. */
final class Response
{
    /** @var int */
    public $status;

    /** @var array<string, string> */
    public $headers;

    /** @var string */
    public $body;

    /** @var string|null a message for the shopper, shown on the page that is redirected to; plain text */
    public $notice;

    /** @var string|null where the notice's link leads */
    public $link;

    /** @param array<string, string> $headers */
    private function __construct(
        int $status,
        array $headers,
        string $body = '',
        ?string $notice = null,
        ?string $link = null
    ) {
        $this->status = $status;
        $this->headers = $headers + ['Cache-Control' => 'no-store'];
        $this->body = $body;
        $this->notice = $notice;
        $this->link = $link;
    }

    public static function redirect(string $url): self
    {
        return new self(302, ['Location' => $url]);
    }

    /** Send the shopper to `$url`, where the message is shown. */
    public static function redirectWithNotice(string $url, string $notice, ?string $link): self
    {
        return new self(302, ['Location' => $url], '', $notice, $link);
    }

    /**
     * @param array<string, mixed>  $body
     * @param array<string, string> $headers
     */
    public static function json(int $status, array $body, array $headers = []): self
    {
        return new self($status, $headers + ['Content-Type' => 'application/json'], (string) json_encode($body));
    }

    /** For Mollie, and for whoever else calls the webhook: come again. */
    public static function comeAgain(int $seconds, string $why): self
    {
        return self::json(503, ['success' => false, 'errors' => $why], ['Retry-After' => (string) $seconds]);
    }

    /** A page that says one sentence and loads itself again. */
    public static function waitingPage(int $seconds, string $sentence): self
    {
        $text = htmlspecialchars($sentence, ENT_QUOTES, 'UTF-8');

        return new self(
            503,
            [
                'Content-Type' => 'text/html; charset=utf-8',
                'Retry-After' => (string) $seconds,
                'Refresh' => (string) $seconds,
            ],
            '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            . '<title>' . $text . '</title><p>' . $text . '</p>'
        );
    }

    /** The URL that is redirected to, or null. */
    public function location(): ?string
    {
        return $this->headers['Location'] ?? null;
    }
}
