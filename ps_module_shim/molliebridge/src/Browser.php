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

/** The connection to whoever asked: what it sent, what it is sent, and what is done after that. */
class Browser
{
    /** @var object|null PrestaShop's cookie, which is written when it is destroyed: then it is too late */
    private $cookie;

    /** @param object|null $cookie the context's, where there is one */
    public function __construct($cookie = null)
    {
        $this->cookie = $cookie;
    }

    /** Send the answer and end the script. On a page with notices of its own the message is shown there. */
    public function answer(Response $response, $controller, Texts $texts): void
    {
        if ($response->notice !== null && method_exists($controller, 'redirectWithNotifications')) {
            // Shown unescaped by the themes, hence escaped here.
            $controller->warning[] = $this->html($response, $texts);
            header('Cache-Control: no-store');
            $controller->redirectWithNotifications((string) $response->location());
            exit;
        }
        $this->replace($response);
        exit;
    }

    /** Put the answer in the place of what was made so far; whether that was still possible. */
    public function replace(Response $response): bool
    {
        if (headers_sent()) {
            return false;
        }
        while (ob_get_level() > 0 && ob_end_clean()) {
            continue;
        }
        $this->keepCookie();
        header_remove('Location');
        http_response_code($response->status);
        foreach ($response->headers as $name => $value) {
            // A line break would begin a header of somebody else's choice.
            header($name . ': ' . str_replace(["\r", "\n", "\0"], '', $value));
        }
        echo $response->body;

        return true;
    }

    /** Let the one who asked go, where the server can; what follows costs him nothing then. */
    public function letGo(): void
    {
        $this->keepCookie();
        if (session_status() === PHP_SESSION_ACTIVE) {
            session_write_close();
        }
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        } elseif (function_exists('litespeed_finish_request')) {
            litespeed_finish_request();
        }
    }

    /** Where the script redirects to; null where it does not. */
    public function location(): ?string
    {
        foreach (array_reverse(headers_list()) as $line) {
            if (stripos($line, 'Location:') === 0) {
                return trim(substr($line, 9));
            }
        }

        return null;
    }

    public function status(): int
    {
        return (int) http_response_code() ?: 200;
    }

    /** Whether PHP ended the script: out of memory or time, or an error that nobody caught. */
    public function wasCutOff(): bool
    {
        $error = error_get_last();
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

        return $error !== null && ($error['type'] & $fatal) !== 0;
    }

    public function header(string $serverKey): string
    {
        return isset($_SERVER[$serverKey]) && is_string($_SERVER[$serverKey]) ? $_SERVER[$serverKey] : '';
    }

    /** With the headers gone, what this request has changed in the shopper's cookie would be lost. */
    private function keepCookie(): void
    {
        if ($this->cookie !== null && method_exists($this->cookie, 'write')) {
            $this->cookie->write();
        }
    }

    private function html(Response $response, Texts $texts): string
    {
        $html = htmlspecialchars((string) $response->notice, ENT_QUOTES, 'UTF-8');
        if ($response->link !== null) {
            $html .= ' <a href="' . htmlspecialchars($response->link, ENT_QUOTES, 'UTF-8') . '">'
                . htmlspecialchars($texts->openPayment(), ENT_QUOTES, 'UTF-8') . '</a>';
        }

        return $html;
    }
}
