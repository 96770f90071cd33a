<?php

/**
 * What PrestaShop's config/config.inc.php does: constants, classes, error handling. The including script defines _PS_ROOT_DIR_.
 */

declare(strict_types=1);

error_reporting(E_ALL);
ini_set('display_errors', '0');
ini_set('log_errors', '1');
ini_set('session.save_path', _PS_ROOT_DIR_ . '/var/cache/prod');

/** What this shop is and what goes wrong in it; read afresh by every request. */
final class Standin
{
    /** @var array{float, float} milliseconds by the clock and of CPU time spent in modules' hooks, their loading included */
    private static $inHooks = [0.0, 0.0];

    /** @var array<string, mixed> */
    private static $settings;

    /**
     * @return mixed
     */
    public static function get(string $name, $default = null)
    {
        if (self::$settings === null) {
            self::$settings = json_decode((string) file_get_contents(_PS_ROOT_DIR_ . '/standin.json'), true);
        }

        return self::$settings[$name] ?? $default;
    }

    /** Be as slow there as a real shop is, or wait until the test lets the script go on. */
    public static function pause(string $place): void
    {
        $milliseconds = (int) self::get($place . '_ms', 0);
        if ($milliseconds > 0) {
            usleep($milliseconds * 1000);
        }
        if (self::get('hold') === $place) {
            self::hold($place);
        }
    }

    /** A line in the shop's journal: which hook or place was reached by which process. */
    public static function note(string $event): void
    {
        if (self::get('journal', false)) {
            file_put_contents(_PS_ROOT_DIR_ . '/journal.txt', $event . "\n", FILE_APPEND | LOCK_EX);
        }
    }

    /** @return array{float, float} */
    public static function startTimer(): array
    {
        return [hrtime(true) / 1e6, self::cpuMilliseconds()];
    }

    /** @param array{float, float} $started */
    public static function stopTimer(array $started): void
    {
        self::$inHooks[0] += hrtime(true) / 1e6 - $started[0];
        self::$inHooks[1] += self::cpuMilliseconds() - $started[1];
    }

    /** With the setting `timing`, in milliseconds: the whole script until its end, of that in hooks, and their CPU time. */
    public static function noteTimes(): void
    {
        if (self::get('timing', false)) {
            $whole = 1000 * (microtime(true) - $_SERVER['REQUEST_TIME_FLOAT']);
            $line = sprintf("%.4f %.4f %.4f\n", $whole, self::$inHooks[0], self::$inHooks[1]);
            file_put_contents(_PS_ROOT_DIR_ . '/times.txt', $line, FILE_APPEND);
        }
    }

    private static function cpuMilliseconds(): float
    {
        $used = getrusage();
        $seconds = $used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec'];

        return 1000.0 * $seconds + ($used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']) / 1000;
    }

    private static function hold(string $place): void
    {
        $here = _PS_ROOT_DIR_ . '/held-' . $place . '.' . getmypid();
        touch($here);
        for ($turns = 0; $turns < 3000 && !file_exists(_PS_ROOT_DIR_ . '/go'); ++$turns) {
            usleep(10000);
            clearstatcache();
        }
        unlink($here);
    }
}

// The first to be registered is the first to run: what modules do at the end comes after it.
register_shutdown_function([Standin::class, 'noteTimes']);

define('_PS_VERSION_', (string) Standin::get('version', '9.1.4'));
define('_PS_MODE_DEV_', (bool) Standin::get('debug', false));
define('_PS_MODULE_DIR_', _PS_ROOT_DIR_ . '/modules/');
define('_PS_CACHE_DIR_', _PS_ROOT_DIR_ . '/var/cache/prod/');
define('_MODULE_DIR_', '/modules/');
define('__PS_BASE_URI__', '/');
define('_PS_USE_SQL_SLAVE_', 0);
define('_COOKIE_KEY_', 'cookie-key-of-the-stand-in');
define('_THEME_NAME_', 'classic');

$parameters = (require _PS_ROOT_DIR_ . '/app/config/parameters.php')['parameters'];
define('_DB_SERVER_', $parameters['database_host']);
define('_DB_PORT_', (int) $parameters['database_port']);
define('_DB_NAME_', $parameters['database_name']);
define('_DB_USER_', $parameters['database_user']);
define('_DB_PASSWD_', $parameters['database_password']);
define('_DB_PREFIX_', $parameters['database_prefix']);
unset($parameters);

spl_autoload_register(static function (string $class): void {
    $short = strrchr('\\' . $class, '\\');
    $files = [
        __DIR__ . '/classes' . str_replace('\\', '/', (string) $short) . '.php',
        _PS_MODULE_DIR_ . strtolower($class) . '/' . strtolower($class) . '.php',
    ];
    foreach ($files as $file) {
        if (is_file($file)) {
            require_once $file;

            return;
        }
    }
});
require_once __DIR__ . '/classes/functions.php';
date_default_timezone_set((string) Standin::get('zone', 'Europe/Amsterdam'));
