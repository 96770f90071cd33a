<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

// No strict_types, "namespace" or "use" here: PrestaShop looks for a namespace with an expression of its own, and tools
// that were made for its older versions read this file with eval().
if (!defined('_PS_VERSION_')) {
    exit;
}

require_once __DIR__ . '/autoload.php';

/**
 * The shop's side of the Mollie bridge: asks the sidecar before the Mollie module creates a payment or an order.
 *
 * Only PrestaShop's entrances are here; what they do is in src/. Nothing in here may break a page: what fails is
 * logged, and the shop goes on as it would without the module.
 */
class Molliebridge extends Module
{
    /** @var MollieBridge\Shim|null one per request: it remembers what was let through until the order is made */
    private $shim;

    /** @var int the cart of the shopper's cookie, before PrestaShop forgets one that has an order */
    private $cookieCart = 0;

    public function __construct()
    {
        $this->name = 'molliebridge';
        $this->tab = 'payment_security';
        $this->version = '0.1.0';
        $this->author = 'prestashop-mollie-bridge';
        $this->need_instance = 0;
        $this->bootstrap = true;
        $this->ps_versions_compliancy = ['min' => '1.7.8.0', 'max' => '9.99.99'];

        parent::__construct();

        $this->displayName = $this->trans('Mollie bridge', [], 'Modules.Molliebridge.Admin');
        $this->description = $this->trans(
            'One payment and one order per cart: guards the Mollie module against double payments.',
            [],
            'Modules.Molliebridge.Admin'
        );
        $this->confirmUninstall = $this->trans(
            'Double payments will no longer be prevented. Uninstall?',
            [],
            'Modules.Molliebridge.Admin'
        );
    }

    /** Translations are XLIFF files of the module's own. */
    public function isUsingNewTranslationSystem()
    {
        return true;
    }

    public function install()
    {
        if (!extension_loaded('curl')) {
            $this->_errors[] = $this->trans('PHP\'s curl extension is needed.', [], 'Modules.Molliebridge.Admin');

            return false;
        }
        if (Shop::isFeatureActive()) {
            Shop::setContext(Shop::CONTEXT_ALL);
        }

        return parent::install() && $this->installer()->install();
    }

    public function uninstall()
    {
        $cleaned = $this->installer()->uninstall($this->outages());

        return parent::uninstall() && $cleaned;
    }

    /**
     * "Reset" in the module manager, with the data kept: without this method PrestaShop would uninstall and install,
     * and the token would be gone.
     */
    public function reset()
    {
        return $this->refresh();
    }

    /** For the scripts in upgrade/: register on what this version, or this PrestaShop, has beyond the last one. */
    public function refresh()
    {
        return $this->installer()->install();
    }

    public function getContent()
    {
        $page = new MollieBridge\ConfigurationPage(
            $this,
            $this->context,
            new MollieBridge\SettingsStore(),
            $this->installer(),
            $this->outages(),
            $this->getTranslator()
        );

        return $page->render();
    }

    /** @param array<string, mixed> $params controller */
    public function hookActionFrontControllerInitBefore($params)
    {
        if (isset($this->context->cookie->id_cart)) {
            $this->cookieCart = (int) $this->context->cookie->id_cart;
        }
    }

    /** @param array<string, mixed> $params controller */
    public function hookActionFrontControllerInitAfter($params)
    {
        $controller = isset($params['controller']) ? $params['controller'] : $this->context->controller;
        // Most pages are none of ours: they pay for this line and no more.
        if (!isset($controller->module->name) || $controller->module->name !== 'mollie') {
            return;
        }
        $place = MollieBridge\Place::of($controller);
        if ($place === null) {
            return;
        }
        $stands = $this->guarded(function (MollieBridge\Shim $shim) use ($place, $controller) {
            $contextCart = isset($this->context->cart->id) ? (int) $this->context->cart->id : 0;
            $shim->guard($place, $controller, $contextCart, $this->cookieCart);
        });
        if (!$stands && MollieBridge\Place::isWebhook($place)) {
            // Mollie comes again; worked on unguarded, it could not be told from what went well.
            (new MollieBridge\Browser())->replace(MollieBridge\Response::comeAgain(60, 'Internal error'));
            exit;
        }
    }

    /** PrestaShop 9: before an order is made. @param array<string, mixed> $params cart */
    public function hookActionValidateOrderBefore($params)
    {
        $cart = isset($params['cart']) ? $params['cart'] : $this->context->cart;
        $this->guardOrder(isset($cart->id) ? (int) $cart->id : 0, '');
    }

    /** Before each order of a cart is inserted. @param array<string, mixed> $params object */
    public function hookActionObjectOrderAddBefore($params)
    {
        $order = isset($params['object']) ? $params['object'] : null;
        if (is_object($order)) {
            $this->guardOrder((int) $order->id_cart, (string) $order->reference);
        }
    }

    public function hookActionFrontControllerSetMedia()
    {
        $controller = $this->context->controller;
        if (!isset($controller->php_self) || $controller->php_self !== 'order') {
            return;
        }
        $this->guarded(function () use ($controller) {
            $texts = new MollieBridge\Texts($this->getTranslator());
            (new MollieBridge\CheckoutScript($this, $this->context, $texts))->register($controller);
        });
    }

    private function guardOrder(int $cartId, string $reference)
    {
        // Without a shim no guard let this request through: somebody else's order.
        if ($this->shim === null || $cartId <= 0) {
            return;
        }
        $this->guarded(function (MollieBridge\Shim $shim) use ($cartId, $reference) {
            $shim->guardOrder($cartId, $reference, $this->context->controller);
        });
    }

    /** Do it, if the module is configured; false when it failed. */
    private function guarded(callable $work): bool
    {
        try {
            if ($this->shim === null) {
                $store = new MollieBridge\SettingsStore();
                $settings = $store->load();
                if (!$settings->isComplete()) {
                    return true;
                }
                $texts = new MollieBridge\Texts($this->getTranslator());
                $this->shim = new MollieBridge\Shim($settings, $store, $this->context, $texts, $this->outages());
            }
            $work($this->shim);

            return true;
        } catch (Throwable $error) {
            // A fault of this module must not become one of the shop's.
            MollieBridge\Shim::report($error);

            return false;
        }
    }

    private function installer(): MollieBridge\Installer
    {
        return new MollieBridge\Installer($this, new MollieBridge\SettingsStore());
    }

    private function outages(): MollieBridge\OutageCounter
    {
        $folders = array_filter([_PS_ROOT_DIR_ . '/var/logs', _PS_CACHE_DIR_, sys_get_temp_dir()], 'is_writable');
        $file = rtrim((string) reset($folders), '/') . '/molliebridge-outages.json';

        return new MollieBridge\OutageCounter($file, new MollieBridge\SystemClock());
    }
}
