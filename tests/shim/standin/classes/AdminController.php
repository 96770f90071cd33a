<?php

declare(strict_types=1);

class AdminController extends Controller
{
    public static $currentIndex = '/admin/index.php?controller=AdminModules';
    public $controller_type = 'admin';

    public function addJS($path)
    {
    }

    public function addCSS($path)
    {
    }
}
