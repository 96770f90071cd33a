<?php

declare(strict_types=1);

class Group
{
    public static function isFeatureActive()
    {
        return true;
    }
}
