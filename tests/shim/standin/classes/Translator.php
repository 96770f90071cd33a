<?php

declare(strict_types=1);

class Translator
{
    public function trans($id, array $parameters = [], $domain = null, $locale = null)
    {
        return strtr((string) $id, $parameters);
    }
}
