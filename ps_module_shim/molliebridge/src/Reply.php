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
 * What the sidecar said, or that it said nothing of use. There is one kind of silence: down, too slow, a page of
 * somebody else's server, a broken body, a refused token are all the same to a shop that wants to sell.
 */
final class Reply
{
    /** @var int 0 when there was no answer */
    private $status;

    /** @var array<string, mixed> */
    private $data;

    /** @var string the problem's kind, the last part of its type; '' when it is none */
    private $problem;

    /** @var int|null */
    private $retryAfter;

    /** @var string */
    private $reason;

    /** @param array<string, mixed> $data */
    private function __construct(int $status, array $data, string $problem, ?int $retryAfter, string $reason)
    {
        $this->status = $status;
        $this->data = $data;
        $this->problem = $problem;
        $this->retryAfter = $retryAfter;
        $this->reason = $reason;
    }

    /** @param array<string, mixed> $data */
    public static function answer(int $status, array $data, string $problem = '', ?int $retryAfter = null): self
    {
        return new self($status, $data, $problem, $retryAfter, '');
    }

    /** `$reason` is for the log: it may name addresses. */
    public static function silence(string $reason): self
    {
        return new self(0, [], '', null, $reason);
    }

    public function isAnswer(): bool
    {
        return $this->status !== 0;
    }

    public function is(int ...$statuses): bool
    {
        return in_array($this->status, $statuses, true);
    }

    public function status(): int
    {
        return $this->status;
    }

    public function problem(): string
    {
        return $this->problem;
    }

    /** Seconds, from 1 to a minute. */
    public function retryAfter(int $default): int
    {
        return max(1, min(60, $this->retryAfter ?? $default));
    }

    public function reason(): string
    {
        return $this->reason;
    }

    /** A text field of at most `$most` bytes; null when it is missing or something else. */
    public function text(string $field, int $most = 255): ?string
    {
        $value = $this->data[$field] ?? null;

        return is_string($value) && $value !== '' && strlen($value) <= $most ? $value : null;
    }

    /** A whole number above zero; null when it is missing or something else. */
    public function number(string $field): ?int
    {
        $value = $this->data[$field] ?? null;

        return is_int($value) && $value > 0 ? $value : null;
    }

    /** Whether the field is a whole number, zero included. */
    public function isWhole(string $field): bool
    {
        return is_int($this->data[$field] ?? null) && $this->data[$field] >= 0;
    }

    public function whole(string $field): int
    {
        return $this->isWhole($field) ? $this->data[$field] : 0;
    }

    public function isTrue(string $field): bool
    {
        return ($this->data[$field] ?? null) === true;
    }

    /** @return array<string, mixed> empty when it is missing or something else */
    public function object(string $field): array
    {
        $value = $this->data[$field] ?? null;

        return is_array($value) ? $value : [];
    }

    public function isNull(string $field): bool
    {
        return array_key_exists($field, $this->data) && $this->data[$field] === null;
    }
}
