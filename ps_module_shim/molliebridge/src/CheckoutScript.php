<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

use Context;
use Media;
use Module;

if (!defined('_PS_VERSION_')) {
    exit;
}

/** Puts the front-office script on the checkout page. The head comment of views/js/checkout.js says what it reads. */
final class CheckoutScript
{
    /** In the order in which they build on each other. */
    private const SCRIPTS = ['keys', 'step', 'checkout', 'requests', 'xhr'];

    /** The AJAX controllers that create payments: name, Mollie's method, action. */
    private const CREATING = [
        ['bancontactAjax', 'bancontact', 'createTransaction'],
        ['applePayDirectAjax', 'applepay', 'mollie_apple_pay_create_order'],
    ];

    /** @var Module */
    private $module;

    /** @var Context */
    private $context;

    /** @var Texts */
    private $texts;

    public function __construct(Module $module, Context $context, Texts $texts)
    {
        $this->module = $module;
        $this->context = $context;
        $this->texts = $texts;
    }

    /** @param object $controller the checkout's */
    public function register($controller): void
    {
        $cartId = isset($this->context->cart->id) ? (int) $this->context->cart->id : 0;
        $cart = (new CoreShop($this->context))->findPayableCart($cartId, '');
        if ($cart === null) {
            return;
        }
        Media::addJsDef(['molliebridge' => [
            'cart' => $cart->cartId,
            'basket' => substr($cart->basketHash, 0, 16) . ' ' . $cart->amount . ' ' . $cart->currency,
            'creating' => array_map([$this, 'creating'], self::CREATING),
            'texts' => $this->texts->ofScript(),
        ]]);
        $path = 'modules/' . $this->module->name . '/views/';
        foreach (self::SCRIPTS as $place => $script) {
            $controller->registerJavascript('molliebridge-' . $script, $path . 'js/' . $script . '.js', [
                'position' => 'bottom',
                'priority' => 200 + $place,
            ]);
        }
        $controller->registerStylesheet('molliebridge-style', $path . 'css/checkout.css', ['media' => 'all']);
    }

    /**
     * @param string[] $controller name, method, action
     *
     * @return array<string, mixed>
     */
    private function creating(array $controller): array
    {
        return [
            'url' => $this->context->link->getModuleLink('mollie', $controller[0], [], true),
            'method' => $controller[1],
            'actions' => [$controller[2]],
        ];
    }
}
