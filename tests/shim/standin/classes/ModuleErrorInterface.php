<?php

declare(strict_types=1);

namespace PrestaShop\PrestaShop\Core\Module\Exception;

/** An exception of this kind gets through Hook::callHookOn, whatever the mode. */
interface ModuleErrorInterface extends \Throwable
{
}
