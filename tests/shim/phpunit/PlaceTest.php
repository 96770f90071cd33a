<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Place;
use PHPUnit\Framework\TestCase;

final class PlaceTest extends TestCase
{
    protected function tearDown(): void
    {
        \Tools::$values = [];
    }

    /** @dataProvider controllers */
    public function testAControllerIsKnownByItsClass(string $class, array $values, ?string $place): void
    {
        \Tools::$values = $values;
        if (!class_exists($class)) {
            eval('class ' . $class . ' {}');
        }

        self::assertSame($place, Place::of(new $class()));
    }

    public function controllers(): array
    {
        return [
            ['MolliePaymentModuleFrontController', [], Place::PAYMENT],
            ['MollieWebhookModuleFrontController', [], Place::WEBHOOK],
            ['MollieSubscriptionWebhookModuleFrontController', [], Place::SUBSCRIPTION],
            ['MollieReturnModuleFrontController', [], Place::RETURN_PAGE],
            ['MollieReturnModuleFrontController', ['ajax' => '1'], null],
            ['MollieBancontactAjaxModuleFrontController', ['action' => 'createTransaction'], Place::BANCONTACT],
            ['MollieBancontactAjaxModuleFrontController', ['action' => 'checkForPaidTransaction'], null],
            [
                'MollieApplePayDirectAjaxModuleFrontController',
                ['action' => 'mollie_apple_pay_create_order'],
                Place::APPLE_PAY,
            ],
            ['MollieApplePayDirectAjaxModuleFrontController', ['action' => 'mollie_apple_pay_validation'], null],
            ['MolliePayScreenModuleFrontController', [], null],
            ['MollieSubscriptionUpdateWebhookModuleFrontController', [], null],
            ['OtherPaymentModuleFrontController', [], null],
            ['IndexController', [], null],
        ];
    }

    public function testAnOverriddenControllerIsStillThatController(): void
    {
        self::assertSame(Place::PAYMENT, Place::of(new \MolliePaymentModuleFrontControllerOverride()));
    }

    public function testNoControllerIsNoPlace(): void
    {
        self::assertNull(Place::of(null));
    }
}
