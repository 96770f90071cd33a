<?php

declare(strict_types=1);

class Validate
{
    public static function isLoadedObject($object)
    {
        return is_object($object) && $object->id;
    }

    public static function isHookName($hook)
    {
        return preg_match('/^[a-zA-Z0-9_-]+$/', (string) $hook);
    }

    public static function isModuleName($name)
    {
        return is_string($name) && preg_match('/^[a-zA-Z0-9_-]+$/', $name);
    }

    public static function isUnsignedInt($value)
    {
        return (is_numeric($value) || is_string($value)) && preg_match('/^\d+$/', (string) $value);
    }

    public static function isUnsignedId($id)
    {
        return self::isUnsignedInt($id);
    }

    public static function isAbsoluteUrl($url)
    {
        return !empty($url) && preg_match('/^(https?:)?\/\/[^\s]+$/', $url);
    }

    public static function isUrl($url)
    {
        return preg_match('/^[~:#,$%&_=\(\)\.\? \+\-@\/a-zA-Z0-9\pL\pS-]+$/u', $url);
    }

    public static function isCleanHtml($html, $allow_iframe = false)
    {
        return !preg_match('/<[\s]*script/ims', (string) $html);
    }
}
