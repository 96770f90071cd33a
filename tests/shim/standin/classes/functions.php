<?php

/**
 * PrestaShop's functions that are not in a class (config/alias.php).
 */

declare(strict_types=1);

function pSQL($string, $htmlOK = false)
{
    return Db::getInstance()->escape($string, $htmlOK);
}

function bqSQL($string)
{
    return str_replace('`', '\`', pSQL($string));
}
