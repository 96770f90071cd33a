<?php

declare(strict_types=1);

class Language
{
    public $id = 1;
    public $iso_code = 'en';
    public $locale = 'en-US';
    public $language_code = 'en-us';

    public static function getLanguages($active = true, $id_shop = false, $ids_only = false)
    {
        return [['id_lang' => 1, 'iso_code' => 'en', 'name' => 'English', 'active' => 1]];
    }

    public static function getIsoById($id_lang)
    {
        return 'en';
    }

    public static function getIDs($active = true, $id_shop = false)
    {
        return [1];
    }
}
