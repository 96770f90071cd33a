<?php

declare(strict_types=1);

class PrestaShopLogger
{
    public static function addLog($message, $severity = 1, $error_code = null, $object_type = null, $object_id = null, $allow_duplicate = false)
    {
        return Db::getInstance()->insert('log', [
            'severity' => (int) $severity,
            'error_code' => (int) $error_code,
            'message' => pSQL((string) $message),
            'object_type' => pSQL((string) $object_type),
            'object_id' => (int) $object_id,
            'date_add' => date('Y-m-d H:i:s'),
            'date_upd' => date('Y-m-d H:i:s'),
        ]);
    }
}
