<?php

declare(strict_types=1);

class PrestaShopException extends Exception
{
}
