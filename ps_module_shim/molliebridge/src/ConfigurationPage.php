<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Configuration;
use Context;
use HelperForm;
use Module;
use Tools;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** The module's page in the back office: state, figures, and the form with the settings. */
final class ConfigurationPage
{
    private const SUBMIT = 'submitMolliebridge';
    private const TEST = 'molliebridgeTest';

    /** @var Module */
    private $module;

    /** @var Context */
    private $context;

    /** @var SettingsStore */
    private $store;

    /** @var Installer */
    private $installer;

    /** @var OutageCounter */
    private $outages;

    /** @var AdminTexts */
    private $texts;

    /** @var AdminWarnings */
    private $warnings;

    /** @var FormTexts */
    private $formTexts;

    /** @param object $translator with PrestaShop's trans(id, parameters, domain) */
    public function __construct(
        Module $module,
        Context $context,
        SettingsStore $store,
        Installer $installer,
        OutageCounter $outages,
        $translator
    ) {
        $this->module = $module;
        $this->context = $context;
        $this->store = $store;
        $this->installer = $installer;
        $this->outages = $outages;
        $this->texts = new AdminTexts($translator);
        $this->warnings = new AdminWarnings($translator);
        $this->formTexts = new FormTexts($translator);
    }

    /** The page's HTML. The test button's request is answered with JSON and ends the script. */
    public function render(): string
    {
        if (Tools::isSubmit(self::TEST)) {
            $status = $this->status();
            (new Browser())->replace(Response::json(200, [
                'ok' => $status !== null && $status->isAuthorised,
                'message' => $this->texts->connection($status),
            ]));
            exit;
        }
        $messages = '';
        $faults = [];
        $input = $this->stored();
        if (Tools::isSubmit(self::SUBMIT)) {
            $input = $this->submitted();
            $faults = $input->faults($this->store->text(SettingsStore::TOKEN) !== '');
            $messages = $faults === []
                ? $this->save($input)
                : $this->module->displayError(array_map([$this->formTexts, 'fault'], array_values($faults)));
        }

        return $messages . $this->overview() . $this->form($input);
    }

    private function save(SettingsInput $input): string
    {
        $values = [
            SettingsStore::ENDPOINT => $input->endpoint,
            SettingsStore::POLICY => $input->policy,
            SettingsStore::LOCK_DIRECTORY => $input->lockDirectory,
        ] + ($input->token !== '' ? [SettingsStore::TOKEN => $input->token] : []);
        foreach ($values as $key => $value) {
            $this->store->save($key, $value);
        }

        return $this->module->displayConfirmation($this->formTexts->saved());
    }

    private function overview(): string
    {
        $settings = $this->store->load();
        $status = $this->status();
        // After PrestaShop itself was upgraded, or somebody unhooked it: nobody else would notice.
        $lost = $this->installer->missing();
        if ($lost !== []) {
            $this->installer->install();
        }
        $this->context->smarty->assign('molliebridge', [
            'isComplete' => $settings->isComplete(),
            'isConnected' => $status !== null && $status->isAuthorised,
            'connection' => $this->texts->connection($status),
            'mode' => $status !== null ? $this->texts->mode($status) : '',
            'figures' => $status !== null && $status->isAuthorised ? $this->texts->figures($status) : [],
            'days' => $status !== null ? $status->days : 30,
            'outages' => $this->texts->outages($this->outages->sums()),
            'warnings' => $this->warnings->all(
                $settings,
                $status,
                $lost,
                $lost !== [] ? $this->installer->missing() : [],
                (new Reach($this->module))->found()
            ),
            'dashboard' => $this->dashboard($settings),
            'testUrl' => $this->ownUrl([self::TEST => '1']),
            'script' => $this->module->getPathUri() . 'views/js/configure.js?v=' . $this->module->version,
        ]);

        return $this->context->smarty->fetch($this->module->getLocalPath() . 'views/templates/admin/configure.tpl');
    }

    private function form(SettingsInput $input): string
    {
        $form = new HelperForm();
        $form->module = $this->module;
        $form->name_controller = $this->module->name;
        // The token is in the address already.
        $form->token = '';
        $form->currentIndex = $this->ownUrl([]);
        $form->default_form_language = (int) Configuration::get('PS_LANG_DEFAULT');
        $form->submit_action = self::SUBMIT;
        $form->fields_value = array_combine(SettingsInput::FIELDS, [
            $input->endpoint,
            // The stored token never leaves the server again.
            '',
            $input->policy,
            $input->lockDirectory,
        ]);

        return $form->generateForm([
            $this->formTexts->form($this->store->text(SettingsStore::TOKEN) !== '', sys_get_temp_dir()),
        ]);
    }

    /** What the sidecar says of itself; null while there is nobody to ask. */
    private function status(): ?Status
    {
        $settings = $this->store->load();
        if (!$settings->isComplete()) {
            return null;
        }
        $transport = new CurlTransport($settings->endpoint());
        $client = new Client($transport, $settings->token(), new SystemClock());
        $status = new Status((new Sidecar($client))->status());
        $this->store->learn($status);

        return $status;
    }

    private function stored(): SettingsInput
    {
        return new SettingsInput(
            $this->store->text(SettingsStore::ENDPOINT, SettingsStore::DEFAULT_ENDPOINT),
            '',
            $this->store->text(SettingsStore::POLICY, Settings::OPEN),
            $this->store->text(SettingsStore::LOCK_DIRECTORY)
        );
    }

    private function submitted(): SettingsInput
    {
        $values = array_map(static function (string $name): string {
            $value = Tools::getValue($name);

            return is_string($value) ? $value : '';
        }, array_values(SettingsInput::FIELDS));

        return new SettingsInput(...$values);
    }

    private function dashboard(Settings $settings): string
    {
        $endpoint = $settings->endpoint();

        return $endpoint !== null && $endpoint->socket() === null ? $endpoint->url('/dashboard') : '';
    }

    /**
     * This page's address, with the employee's token. Asked for as a whole: AdminController::$currentIndex is relative,
     * and since PrestaShop 9 the page lies elsewhere; and without tokens there is no `?` to append to.
     *
     * @param array<string, string> $more
     */
    private function ownUrl(array $more): string
    {
        $parameters = ['configure' => $this->module->name] + $more;

        return $this->context->link->getAdminLink('AdminModules', true, [], $parameters);
    }
}
