<?php

declare(strict_types=1);

class Link
{
    public function getPageLink($controller, $ssl = null, $id_lang = null, $request = null, $request_url_encode = false, $id_shop = null)
    {
        $query = is_string($request) ? $request : http_build_query((array) $request);

        return Tools::getShopDomain(true) . '/index.php?controller=' . $controller . ($query ? '&' . $query : '');
    }

    public function getModuleLink($module, $controller = 'default', array $params = [], $ssl = null, $id_lang = null, $id_shop = null)
    {
        if (Standin::get('friendly_urls', false)) {
            return Tools::getShopDomain(true) . "/module/$module/$controller" . ($params ? '?' . http_build_query($params) : '');
        }
        $all = $params + ['fc' => 'module', 'module' => $module, 'controller' => $controller, 'id_lang' => 1];

        return Tools::getShopDomain(true) . '/index.php?' . http_build_query($all);
    }

    /** Since 9.0 a module's page has a route of its own; the token is called otherwise there. */
    public function getAdminLink($controller, $with_token = true, $sfRouteParams = [], $params = [])
    {
        if (!defined('_PS_ADMIN_DIR_')) {
            return '';
        }
        $token = $with_token && Standin::get('admin_tokens', true) ? Tools::getAdminTokenLite($controller) : '';
        $admin = Tools::getShopDomain(true) . '/' . basename(_PS_ADMIN_DIR_) . '/';
        if ($controller === 'AdminModules' && isset($params['configure']) && version_compare(_PS_VERSION_, '9.0', '>=')) {
            $admin .= 'improve/modules/manage/action/configure/' . rawurlencode($params['configure']);
            unset($params['configure']);
            $query = http_build_query($params + ($token ? ['_token' => $token] : []));

            return $admin . ($query ? '?' . $query : '');
        }

        return $admin . 'index.php?' . http_build_query(['controller' => $controller] + $params + ($token ? ['token' => $token] : []));
    }

    public function getBaseLink($id_shop = null, $ssl = null, $relative_protocol = false)
    {
        return Tools::getShopDomain(true) . '/';
    }
}
