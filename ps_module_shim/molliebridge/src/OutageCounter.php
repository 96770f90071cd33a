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
 * How often this web server had to do without the sidecar, by day and kind. A small file beside the shop's logs and
 * not a row: counting must neither wait for anybody nor leave anything in the database.
 */
final class OutageCounter
{
    public const INITIATION = 'initiation';
    public const WEBHOOK = 'webhook';
    public const RETURN_PAGE = 'return';

    private const DAYS = 30;
    private const MOST_BYTES = 65536;

    /** @var string */
    private $file;

    /** @var Clock */
    private $clock;

    public function __construct(string $file, Clock $clock)
    {
        $this->file = $file;
        $this->clock = $clock;
    }

    /** Count one; nothing happens where the file can not be written. */
    public function count(string $kind, string $reason): void
    {
        $this->quietly(function () use ($kind, $reason): void {
            $handle = is_link($this->file) ? false : fopen($this->file, 'c+');
            if ($handle === false) {
                return;
            }
            // Without waiting: with many requests at once a few are not counted, and none is slower for it.
            if (flock($handle, LOCK_EX | LOCK_NB)) {
                $this->rewrite($handle, $kind, $reason);
            }
            fclose($handle);
        });
    }

    /**
     * The sums of the last 30 days and the last reason.
     *
     * @return array{initiation: int, webhook: int, return: int, last_at: string, last_reason: string}
     */
    public function sums(): array
    {
        $stored = $this->parse((string) $this->quietly(function () {
            return is_file($this->file) ? file_get_contents($this->file, false, null, 0, self::MOST_BYTES) : '';
        }));
        $sums = [self::INITIATION => 0, self::WEBHOOK => 0, self::RETURN_PAGE => 0];
        foreach ($this->recent($stored['days']) as $day) {
            foreach ($sums as $kind => $sum) {
                $sums[$kind] = $sum + (int) ($day[$kind] ?? 0);
            }
        }

        return $sums + ['last_at' => $stored['last_at'], 'last_reason' => $stored['last_reason']];
    }

    /** Remove the file, with the module. */
    public function forget(): void
    {
        $this->quietly(function (): void {
            if (is_file($this->file) && !is_link($this->file)) {
                unlink($this->file);
            }
        });
    }

    /** @param resource $handle */
    private function rewrite($handle, string $kind, string $reason): void
    {
        $stored = $this->parse((string) stream_get_contents($handle, self::MOST_BYTES));
        $today = gmdate('Y-m-d', (int) $this->clock->now());
        $stored['days'][$today][$kind] = (int) ($stored['days'][$today][$kind] ?? 0) + 1;
        $stored['days'] = $this->recent($stored['days']);
        $stored['last_at'] = gmdate('Y-m-d\TH:i:s\Z', (int) $this->clock->now());
        $stored['last_reason'] = substr($reason, 0, 200);
        $json = json_encode($stored, JSON_PARTIAL_OUTPUT_ON_ERROR);
        if ($json !== false) {
            rewind($handle);
            fwrite($handle, $json);
            ftruncate($handle, strlen($json));
        }
    }

    /** @return array{days: array<string, array<string, int>>, last_at: string, last_reason: string} */
    private function parse(string $json): array
    {
        $read = json_decode($json, true, 5);
        $read = is_array($read) ? $read : [];

        return [
            'days' => array_filter(is_array($read['days'] ?? null) ? $read['days'] : [], 'is_array'),
            'last_at' => is_string($read['last_at'] ?? null) ? $read['last_at'] : '',
            'last_reason' => is_string($read['last_reason'] ?? null) ? $read['last_reason'] : '',
        ];
    }

    /**
     * @param array<string, array<string, int>> $days
     *
     * @return array<string, array<string, int>>
     */
    private function recent(array $days): array
    {
        $oldest = gmdate('Y-m-d', (int) $this->clock->now() - (self::DAYS - 1) * 86400);

        return array_filter($days, static function ($day) use ($oldest): bool {
            return (string) $day >= $oldest;
        }, ARRAY_FILTER_USE_KEY);
    }

    /** @return mixed what `$work` returns, without PHP's warnings about files that are not there */
    private function quietly(callable $work)
    {
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $work();
        } finally {
            restore_error_handler();
        }
    }
}
