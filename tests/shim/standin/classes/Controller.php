<?php

declare(strict_types=1);

abstract class Controller
{
    public $ajax = false;
    public $controller_type = 'front';
    public $php_self;
    public $errors = [];
    public $warning = [];
    public $success = [];
    public $info = [];
    protected $template;
    protected $redirect_after;

    /** @var Context */
    public $context;

    public function __construct()
    {
        $this->context = Context::getContext();
        $this->context->controller = $this;
        $this->ajax = (bool) Tools::getValue('ajax');
    }

    public function init()
    {
        Hook::exec('actionControllerInitBefore', ['controller' => $this]);
        Hook::exec('actionControllerInitAfter', ['controller' => $this]);
    }

    /** The life of a request, as far as a module sees it. */
    public function run()
    {
        $this->init();
        $this->setMedia();
        $this->postProcess();
        if ($this->redirect_after) {
            Tools::redirect($this->redirect_after);
        }
        $this->initContent();
        $this->display();
    }

    public function setMedia()
    {
    }

    public function postProcess()
    {
    }

    public function initContent()
    {
    }

    public function setTemplate($template, $params = [], $locale = null)
    {
        $this->template = $template;
    }

    public function setRedirectAfter($url)
    {
        $this->redirect_after = $url;
    }

    public function display()
    {
        echo $this->context->smarty->fetch((string) $this->template);
        foreach ($this->errors as $error) {
            echo '<p class="error">' . Tools::safeOutput($error) . '</p>';
        }
    }

    protected function ajaxRender($value = null, $controller = null, $method = null)
    {
        header('Cache-Control: no-store, no-cache, must-revalidate, post-check=0, pre-check=0');
        echo $value;
    }
}
