<?php

declare(strict_types=1);

class ModuleFrontController extends FrontController
{
    /** @var Module */
    public $module;

    public function __construct()
    {
        $this->module = Module::getInstanceByName(Tools::getValue('module'));
        if (!$this->module || !$this->module->active) {
            Tools::redirect('index');
        }
        parent::__construct();
    }
}
