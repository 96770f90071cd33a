<?php

declare(strict_types=1);

require_once '/usr/share/php/Symfony/Component/Lock/autoload.php';

/** What the module's controllers share: a non-blocking file lock in the host's temporary directory, and JSON answers. */
abstract class MollieAnswering extends ModuleFrontController
{
    public $ssl = true;

    /** @var Symfony\Component\Lock\LockInterface|null */
    private $lock;

    protected function applyLock(string $resource): bool
    {
        $factory = new Symfony\Component\Lock\LockFactory(new Symfony\Component\Lock\Store\FlockStore());
        $this->lock = $factory->createLock($resource, 60.0, false);

        return $this->lock->acquire();
    }

    protected function releaseLock(): void
    {
        $this->lock->release();
    }

    protected function answer(int $status, array $body): void
    {
        http_response_code($status);
        $this->ajaxRender(json_encode($body));
        Standin::note('answered ' . $status);
        exit;
    }

    protected function failure(int $status, string $message): void
    {
        $this->answer($status, ['success' => false, 'errors' => $message]);
    }

    protected function say(array $body): void
    {
        header('Content-Type: application/json;charset=UTF-8');
        exit(json_encode($body));
    }

    protected function confirmation(Cart $cart): string
    {
        return $this->context->link->getPageLink('order-confirmation', true, null, [
            'id_cart' => (int) $cart->id,
            'id_module' => (int) $this->module->id,
            'id_order' => (int) Order::getIdByCartId($cart->id),
            'key' => $cart->secure_key,
        ]);
    }

    /** Ask ten times, as the module does, whether the webhook has made the order. */
    protected function waitForOrder(Cart $cart): bool
    {
        for ($look = 0; $look < 10; ++$look) {
            if (Order::getIdByCartId($cart->id)) {
                return true;
            }
            usleep(1000 * (int) Standin::get('look_ms', 50));
        }

        return false;
    }
}
