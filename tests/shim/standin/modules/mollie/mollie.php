<?php

/**
 * The official module as the shop sees it; what it does is in src/ and controllers/front/.
 */

declare(strict_types=1);

require_once __DIR__ . '/src/api.php';
require_once __DIR__ . '/src/parts.php';
require_once __DIR__ . '/src/settling.php';
require_once __DIR__ . '/src/MollieAnswering.php';

class Mollie extends PaymentModule
{
    public $name = 'mollie';
    public $version = '6.4.4';
    public $tab = 'payments_gateways';

    /** @var MollieApi|false|null */
    private $api;

    /** Mollie's client; false in a shop without a key. */
    public function getApiClient()
    {
        if ($this->api === null) {
            $key = Configuration::get(Configuration::get('MOLLIE_ENVIRONMENT') === '1' ? 'MOLLIE_API_KEY' : 'MOLLIE_API_KEY_TEST');
            $this->api = $key ? new MollieApi((string) Standin::get('mollie'), (string) $key) : false;
        }

        return $this->api;
    }
}
