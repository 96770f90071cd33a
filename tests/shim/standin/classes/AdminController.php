<?php

declare(strict_types=1);

class AdminController extends Controller
{
    /** Relative, in every version: since 9.0 the module's page is not where it leads to. */
    public static $currentIndex = 'index.php?controller=AdminModules';
    public $controller_type = 'admin';

    public function addJS($path)
    {
    }

    public function addCSS($path)
    {
    }
}
