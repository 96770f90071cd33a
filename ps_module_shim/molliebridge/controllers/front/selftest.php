<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

use MollieBridge\Browser;
use MollieBridge\Client;
use MollieBridge\CurlTransport;
use MollieBridge\Installer;
use MollieBridge\Reach;
use MollieBridge\Response;
use MollieBridge\SelfTest;
use MollieBridge\SelfTestCall;
use MollieBridge\SettingsStore;
use MollieBridge\Shim;
use MollieBridge\Sidecar;
use MollieBridge\SystemClock;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Answers `mollie-bridge doctor`, and nobody else: what it asks is signed with the token that both know.
 *
 * 200 with what was found; 401: the clocks differ; 403: not signed, or with another token; 503: no token is set here.
 */
class MolliebridgeSelftestModuleFrontController extends ModuleFrontController
{
    public function postProcess()
    {
        try {
            $answer = $this->answer();
        } catch (Throwable $error) {
            Shim::report($error);
            $answer = Response::json(500, ['error' => 'failed']);
        }
        (new Browser())->replace($answer);
        exit;
    }

    /** A shop in maintenance is tried out, too. */
    protected function displayMaintenancePage()
    {
    }

    /** Nobody asks for a country here: what is asked is signed. */
    protected function displayRestrictedCountryPage()
    {
    }

    private function answer(): Response
    {
        $browser = new Browser();
        $clock = new SystemClock();
        $settings = (new SettingsStore())->load();
        if (!$settings->isComplete()) {
            return Response::json(503, ['error' => 'unconfigured']);
        }
        $call = SelfTestCall::read($browser->header(SelfTestCall::SERVER_KEY), $settings->token(), $clock->now());
        if ($call === null || $browser->header('REQUEST_METHOD') !== 'POST') {
            return Response::json(403, ['error' => 'signature']);
        }
        if (!$call->isFresh) {
            return Response::json(401, ['error' => 'clock', 'now' => round($clock->now(), 3)]);
        }
        $client = new Client(new CurlTransport($settings->endpoint()), $settings->token(), $clock);
        $reach = new Reach($this->module);
        $found = (new SelfTest($settings, new Sidecar($client), $clock))->run(
            $call,
            (int) Tools::getValue('hold_ms', 0) / 1000
        );

        return Response::json(200, $found + [
            'version' => (string) $this->module->version,
            'prestashop' => _PS_VERSION_,
            'missing_hooks' => (new Installer($this->module, new SettingsStore()))->missing(),
            'unguarded' => (object) $reach->found(),
        ]);
    }
}
