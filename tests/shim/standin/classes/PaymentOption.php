<?php

declare(strict_types=1);

namespace PrestaShop\PrestaShop\Core\Payment;

class PaymentOption
{
}
