<?php

declare(strict_types=1);

class Tools
{
    public static function getValue($key, $default_value = false)
    {
        if (empty($key) || !is_string($key)) {
            return false;
        }
        $value = $_POST[$key] ?? $_GET[$key] ?? $default_value;

        return is_string($value) ? stripslashes(urldecode((string) preg_replace('/((\%5C0+)|(\%00+))/i', '', urlencode($value)))) : $value;
    }

    public static function getIsset($key)
    {
        return is_string($key) && (isset($_POST[$key]) || isset($_GET[$key]));
    }

    public static function isSubmit($submit)
    {
        return isset($_POST[$submit]) || isset($_POST[$submit . '_x']) || isset($_GET[$submit]);
    }

    /** Sends the shopper there and ends the script. */
    public static function redirect($url, $base_uri = __PS_BASE_URI__, $link = null, $headers = null)
    {
        if (strpos($url, 'http://') === false && strpos($url, 'https://') === false) {
            $url = self::getShopDomain(true) . $base_uri . ltrim($url, '/');
        }
        foreach ((array) $headers as $header) {
            header($header);
        }
        header('Location: ' . $url);
        exit;
    }

    public static function redirectAdmin($url)
    {
        header('Location: ' . $url);
        exit;
    }

    public static function getShopDomain($http = false, $entities = false)
    {
        return ($http ? 'http://' : '') . ($_SERVER['HTTP_HOST'] ?? 'localhost');
    }

    public static function getShopDomainSsl($http = false, $entities = false)
    {
        return self::getShopDomain($http, $entities);
    }

    public static function getHttpHost($http = false, $entities = false, $ignore_port = false)
    {
        return self::getShopDomain($http, $entities);
    }

    public static function usingSecureMode()
    {
        return false;
    }

    public static function getRemoteAddr()
    {
        return $_SERVER['REMOTE_ADDR'] ?? '127.0.0.1';
    }

    public static function getAdminTokenLite($tab, $context = null)
    {
        return md5('token' . $tab);
    }

    public static function getToken($page = true, $context = null)
    {
        return md5('token');
    }

    public static function hash($text)
    {
        return md5(_COOKIE_KEY_ . $text);
    }

    public static function encrypt($text)
    {
        return self::hash($text);
    }

    public static function strtoupper($text)
    {
        return mb_strtoupper((string) $text, 'utf-8');
    }

    public static function strtolower($text)
    {
        return mb_strtolower((string) $text, 'utf-8');
    }

    public static function substr($text, $start, $length = false, $encoding = 'utf-8')
    {
        return mb_substr($text, (int) $start, $length === false ? null : (int) $length, $encoding);
    }

    public static function strlen($text, $encoding = 'UTF-8')
    {
        return mb_strlen($text, $encoding);
    }

    public static function ps_round($value, $precision = 0, $round_mode = null)
    {
        return round((float) $value, $precision);
    }

    public static function safeOutput($string, $html = false)
    {
        return htmlspecialchars((string) $string, ENT_QUOTES);
    }

    public static function htmlentitiesUTF8($string, $type = ENT_QUOTES)
    {
        return is_array($string) ? array_map([self::class, 'htmlentitiesUTF8'], $string) : htmlentities((string) $string, $type, 'utf-8');
    }

    public static function passwdGen($length = 8, $flag = 'ALPHANUMERIC')
    {
        $letters = $flag === 'NO_NUMERIC' ? 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' : 'abcdefghijklmnopqrstuvwxyz0123456789';
        $word = '';
        for ($i = 0; $i < $length; ++$i) {
            $word .= $letters[random_int(0, strlen($letters) - 1)];
        }

        return $word;
    }

    public static function clearAllCache()
    {
    }

    public static function clearSmartyCache()
    {
    }
}
