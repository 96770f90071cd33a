<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * From a version before 0.1.0: register on the hooks that have come since.
 *
 * @param Molliebridge $module
 */
function upgrade_module_0_1_0($module)
{
    return $module->refresh();
}
