<?php

declare(strict_types=1);

class FrontController extends Controller
{
    public $ssl = false;
    public $display_column_left = true;
    public $display_column_right = true;

    /** @var array{js: array<string, string>, css: array<string, string>} */
    private $assets = ['css' => [], 'js' => []];

    /** Only at the end of this the context has a cart: the cookie's, and none once that cart has its order. */
    public function init()
    {
        Hook::exec('actionFrontControllerInitBefore', ['controller' => $this]);
        parent::init();
        ob_start();
        $context = $this->context;
        $cart = new Cart($context->cookie->id_cart);
        if ($cart->id && $cart->orderExists()) {
            unset($context->cookie->id_cart);
            $cart = new Cart();
        }
        // One of the things that a request changes in the cookie (country, currency, visitor).
        $context->cookie->last = static::class;
        $context->cart = $cart;
        if (!(int) Configuration::get('PS_SHOP_ENABLE', null, null, null, 1)) {
            $this->displayMaintenancePage();
        }
        if (Standin::get('country_forbidden', false)) {
            $this->displayRestrictedCountryPage();
        }
        $context->currency = new Currency($cart->id_currency);
        Standin::pause('init');
        Hook::exec('actionFrontControllerInitAfter', ['controller' => $this]);
    }

    public function setMedia()
    {
        Hook::exec('actionFrontControllerSetMedia', []);
    }

    public function initContent()
    {
        Hook::exec('displayHeader', []);
    }

    public function registerJavascript($id, $relativePath, $params = [])
    {
        $this->register('js', (string) $id, $relativePath);
    }

    public function registerStylesheet($id, $relativePath, $params = [])
    {
        $this->register('css', (string) $id, $relativePath);
    }

    public function display()
    {
        echo '<!doctype html><title>' . Tools::safeOutput(static::class) . '</title>';
        echo '<script>var prestashop = ' . json_encode(Media::$definitions) . ';</script>';
        foreach ($this->assets['css'] as $path) {
            echo '<link rel="stylesheet" href="/' . ltrim($path, '/') . '">';
        }
        foreach ($this->assets['js'] as $id => $path) {
            echo '<script defer id="' . $id . '" src="/' . ltrim($path, '/') . '"></script>';
        }
        parent::display();
    }

    /** Public in PrestaShop, too: what is in errors, warning, success and info is shown on the next page. */
    public function redirectWithNotifications()
    {
        $told = json_encode(['error' => $this->errors, 'warning' => $this->warning, 'success' => $this->success, 'info' => $this->info]);
        if (session_status() === PHP_SESSION_NONE) {
            session_start();
        }
        $_SESSION['notifications'] = $told;
        Tools::redirect(func_get_args()[0]);
    }

    protected function displayMaintenancePage()
    {
        header('HTTP/1.1 503 Service Unavailable');
        header('Retry-After: 3600');
        exit('The shop is in maintenance.');
    }

    protected function displayRestrictedCountryPage()
    {
        header('HTTP/1.1 403 Forbidden');
        exit('Not from your country.');
    }

    /** A file that is not there is left out without a word. */
    private function register(string $kind, string $id, string $path): void
    {
        if (is_file(_PS_ROOT_DIR_ . '/' . ltrim($path, '/'))) {
            $this->assets[$kind][$id] = $path;
        }
    }
}
