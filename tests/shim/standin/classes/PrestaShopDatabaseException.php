<?php

declare(strict_types=1);

class PrestaShopDatabaseException extends PrestaShopException
{
}
