<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Installer;
use MollieBridge\OutageCounter;
use MollieBridge\SettingsStore;
use PHPUnit\Framework\TestCase;

final class InstallerTest extends TestCase
{
    /** @var \Module */
    private $module;

    /** @var Installer */
    private $installer;

    protected function setUp(): void
    {
        \Configuration::$rows = [];
        \Db::$opened = [];
        \Db::$isBroken = false;
        \Hook::$rows = ['actionFrontControllerInitBefore' => 1, 'actionFrontControllerInitAfter' => 2];
        \Module::$registered = ['actionFrontControllerInitAfter' => ['other']];
        $this->module = new \Module('molliebridge');
        $this->installer = new Installer($this->module, new SettingsStore());
    }

    /** @dataProvider versions */
    public function testItRegistersWhatThatPrestaShopCalls(string $version, array $beforeOrder): void
    {
        self::assertSame(array_merge([
            'actionFrontControllerInitBefore',
            'actionFrontControllerInitAfter',
            'actionFrontControllerSetMedia',
        ], $beforeOrder), Installer::hooks($version));
    }

    public function versions(): array
    {
        $each = 'actionObjectOrderAddBefore';

        return [
            ['1.7.8.11', [$each]],
            ['8.2.1', [$each]],
            ['9.0.0', ['actionValidateOrderBefore', $each]],
            ['9.1.4', ['actionValidateOrderBefore', $each]],
        ];
    }

    public function testInstalledNothingIsMissing(): void
    {
        self::assertCount(5, $this->installer->missing());

        $this->installer->install();

        self::assertSame([], $this->installer->missing());
    }

    public function testTheRowsThatShoppersChangeAreThereBeforeThemAndStay(): void
    {
        $this->installer->install();
        self::assertSame('', \Configuration::$rows[SettingsStore::ROLLOUT]);
        self::assertSame('', \Configuration::$rows[SettingsStore::BACKEND]);

        \Configuration::$rows[SettingsStore::ROLLOUT] = 'observe';
        $this->installer->install();

        self::assertSame('observe', \Configuration::$rows[SettingsStore::ROLLOUT]);
    }

    public function testRemovedNothingIsLeft(): void
    {
        $before = [\Hook::$rows, \Configuration::$rows];
        $this->installer->install();
        (new SettingsStore())->save(SettingsStore::TOKEN, 'x');

        self::assertTrue($this->installer->uninstall($this->outages()));

        self::assertSame($before, [\Hook::$rows, \Configuration::$rows]);
        self::assertSame(['other'], \Module::$registered['actionFrontControllerInitAfter']);
    }

    public function testRemovedNobodyHasOpenedItsPage(): void
    {
        $this->installer->install();
        \Db::$opened = [$this->module->id, 99];

        $this->installer->uninstall($this->outages());

        self::assertSame([99], \Db::$opened);
    }

    public function testAPrestaShopWithoutThatHistoryLetsItGoAllTheSame(): void
    {
        $this->installer->install();
        \Db::$isBroken = true;

        self::assertTrue($this->installer->uninstall($this->outages()));
    }

    public function testAHookThatAnotherModuleHasComeToUseStays(): void
    {
        $this->installer->install();
        (new \Module('other'))->registerHook('actionValidateOrderBefore');

        $this->installer->uninstall($this->outages());

        self::assertArrayHasKey('actionValidateOrderBefore', \Hook::$rows);
    }

    public function testASecondInstallationRemembersWhatTheFirstMade(): void
    {
        $this->installer->install();
        $this->installer->install();

        $this->installer->uninstall($this->outages());

        self::assertArrayNotHasKey('actionValidateOrderBefore', \Hook::$rows);
    }

    private function outages(): OutageCounter
    {
        return new OutageCounter('/nowhere/at/all.json', new FakeClock());
    }
}
