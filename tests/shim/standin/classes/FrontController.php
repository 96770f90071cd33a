<?php

declare(strict_types=1);

class FrontController extends Controller
{
    public $ssl = false;
    public $display_column_left = true;
    public $display_column_right = true;

    /** @var array<string, string> */
    private $assets = [];

    /** Only at the end of this the context has a cart: the cookie's, and none once that cart has its order. */
    public function init()
    {
        Hook::exec('actionFrontControllerInitBefore', ['controller' => $this]);
        parent::init();
        $context = $this->context;
        $cart = new Cart($context->cookie->id_cart);
        if ($cart->id && $cart->orderExists()) {
            $context->cookie->id_cart = 0;
            $cart = new Cart();
        }
        $context->cart = $cart;
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
        $this->assets[$id] = $relativePath;
    }

    public function registerStylesheet($id, $relativePath, $params = [])
    {
        $this->assets[$id] = $relativePath;
    }

    public function display()
    {
        echo '<!doctype html><title>' . Tools::safeOutput(static::class) . '</title>';
        echo '<script>var prestashop = ' . json_encode(Media::$definitions) . ';</script>';
        foreach ($this->assets as $id => $path) {
            echo strpos($path, '.css') ? '<link rel="stylesheet" href="/' . ltrim($path, '/') . '">'
                : '<script defer id="' . $id . '" src="/' . ltrim($path, '/') . '"></script>';
        }
        parent::display();
    }

    /** Public in PrestaShop, too: what is in errors, warning, success and info is shown on the next page. */
    public function redirectWithNotifications()
    {
        $told = json_encode(['error' => $this->errors, 'warning' => $this->warning, 'success' => $this->success, 'info' => $this->info]);
        if (session_status() === PHP_SESSION_ACTIVE) {
            $_SESSION['notifications'] = $told;
        } elseif (session_status() === PHP_SESSION_NONE) {
            setcookie('notifications', (string) $told);
        }
        Tools::redirect(func_get_args()[0]);
    }
}
