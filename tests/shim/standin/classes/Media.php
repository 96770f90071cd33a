<?php

declare(strict_types=1);

class Media
{
    /** @var array<string, mixed> */
    public static $definitions = [];

    public static function addJsDef($js_def)
    {
        self::$definitions = array_merge(self::$definitions, (array) $js_def);
    }

    public static function addJsDefL($name, $value)
    {
        self::$definitions[$name] = $value;
    }
}
