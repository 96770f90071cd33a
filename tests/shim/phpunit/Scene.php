<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Client;
use MollieBridge\Endpoint;
use MollieBridge\Initiation;
use MollieBridge\InitiationAnswers;
use MollieBridge\OfflinePayments;
use MollieBridge\OrderGuard;
use MollieBridge\OutageCounter;
use MollieBridge\PayableCart;
use MollieBridge\PaymentGuard;
use MollieBridge\ReturnGuard;
use MollieBridge\Settings;
use MollieBridge\Sidecar;
use MollieBridge\Texts;
use MollieBridge\WebhookGuard;
use MollieBridge\Work;

/** One request to the shop: the real guards between a fake shop and a fake sidecar, in a directory of its own. */
final class Scene
{
    public const TOKEN = 'shop-token-of-the-tests-0123456789abcdef';
    public const KEY = '0b9c1f2e-8d3a-4c5b-9e6f-1a2b3c4d5e6f';

    /** @var FakeClock */
    public $clock;

    /** @var FakeTransport */
    public $sidecar;

    /** @var FakeShop */
    public $shop;

    /** @var Work */
    public $work;

    /** @var OutageCounter */
    public $outages;

    /** @var PaymentGuard */
    public $payments;

    /** @var WebhookGuard */
    public $webhooks;

    /** @var ReturnGuard */
    public $returns;

    /** @var OrderGuard */
    public $orders;

    /** @var string */
    public $directory;

    /** @var bool whether the directory is this scene's own */
    private $owns;

    public function __construct(
        string $policy = Settings::OPEN,
        string $backend = 'flock',
        string $directory = '',
        string $rollout = ''
    ) {
        $this->owns = $directory === '';
        $this->directory = $directory ?: sys_get_temp_dir() . '/molliebridge-' . bin2hex(random_bytes(6));
        if ($this->owns) {
            mkdir($this->directory);
        }
        $settings = new Settings(
            Endpoint::read('http://127.0.0.1:8787'),
            self::TOKEN,
            $policy,
            $this->directory,
            $backend,
            $rollout
        );
        $this->clock = new FakeClock();
        $this->sidecar = new FakeTransport($this->clock);
        $this->shop = new FakeShop();
        $this->work = new Work();
        $this->work->began = $this->clock->elapsed();
        $this->outages = new OutageCounter($this->directory . '/outages.json', $this->clock);
        $texts = new Texts(new FakeTranslator());
        $sidecar = new Sidecar(new Client($this->sidecar, self::TOKEN, $this->clock));
        $answers = new InitiationAnswers($texts, $this->shop);
        $offline = new OfflinePayments($settings, $this->shop, $answers, $this->outages, $this->work, $this->clock);
        $this->payments = new PaymentGuard($sidecar, $this->shop, $answers, $offline, $this->work);
        $this->webhooks = new WebhookGuard(
            $settings,
            $sidecar,
            $this->shop,
            $this->outages,
            $this->work,
            $this->clock
        );
        $this->returns = new ReturnGuard($sidecar, $this->shop, $this->outages, $this->work, $this->clock);
        $this->orders = new OrderGuard(
            $settings,
            $sidecar,
            $this->shop,
            $answers,
            $texts,
            $this->work,
            $this->clock
        );
    }

    public function __destruct()
    {
        if ($this->owns) {
            array_map('unlink', glob($this->directory . '/{sf.*,outages.json}', GLOB_BRACE) ?: []);
            rmdir($this->directory);
        }
    }

    public function initiation(string $place = Initiation::PAGE): Initiation
    {
        return new Initiation($place, new PayableCart(42, 1, 7, '14.40', 'EUR', 'ideal', 'hash'), self::KEY);
    }

    /** A lease as the sidecar writes it, for a minute from now. */
    public function lease(string $token = 'lease-token-0123456789'): array
    {
        return ['token' => $token, 'expires_at' => gmdate('Y-m-d\TH:i:s\Z', (int) $this->clock->now() + 60)];
    }
}
