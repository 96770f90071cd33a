<?php

declare(strict_types=1);

/** From the address to the controller, with the hooks in the order measured on 9.1.4. */
class Dispatcher
{
    public const FC_FRONT = 1;
    public const FC_ADMIN = 2;
    public const FC_MODULE = 3;

    /** @var self|null */
    private static $instance;

    /** @var int */
    private $front_controller = self::FC_FRONT;

    public static function getInstance()
    {
        return self::$instance ?? (self::$instance = new self());
    }

    private function __construct()
    {
        $path = (string) parse_url((string) ($_SERVER['REQUEST_URI'] ?? '/'), PHP_URL_PATH);
        if (preg_match('#^/module/([a-z0-9_-]+)/([a-zA-Z0-9_-]+)$#', $path, $found)) {
            $_GET = ['fc' => 'module', 'module' => $found[1], 'controller' => $found[2]] + $_GET;
        }
        if (Tools::getValue('fc') === 'module') {
            $this->front_controller = self::FC_MODULE;
        }
        Hook::exec('moduleRoutes', ['id_shop' => 1], null, true, false);
    }

    public function dispatch()
    {
        Hook::exec('actionDispatcherBefore', ['controller_type' => $this->front_controller]);
        $class = $this->front_controller === self::FC_MODULE ? $this->moduleController() : 'ShopPageController';
        $controller = new $class();
        Hook::exec('actionDispatcher', [
            'controller_type' => self::FC_FRONT,
            'controller_class' => $class,
            'is_module' => (int) ($this->front_controller === self::FC_MODULE),
        ]);
        try {
            $controller->run();
        } catch (PrestaShopException $error) {
            // PrestaShopException::displayMessage
            http_response_code(500);
            error_log((string) $error);
            exit('An error occurred.');
        }
        Hook::exec('actionDispatcherAfter', ['controller_class' => $class]);
    }

    public function getController()
    {
        return (string) Tools::getValue('controller');
    }

    /** The module's name in lower case goes before the controller's, whatever the class is called in its file. */
    private function moduleController(): string
    {
        $name = (string) Tools::getValue('module');
        $controller = (string) Tools::getValue('controller');
        $module = Module::getInstanceByName($name);
        $file = _PS_MODULE_DIR_ . $name . '/controllers/front/' . $controller . '.php';
        if (!$module || !$module->active || !preg_match('/^\w+$/', $controller) || !is_file($file)) {
            http_response_code(404);
            exit('Page not found');
        }
        require_once $file;

        return $name . $controller . 'ModuleFrontController';
    }
}
