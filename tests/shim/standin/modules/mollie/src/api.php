<?php

/**
 * Mollie's API as the module's client offers it. Every POST carries a fresh Idempotency-Key, as the client makes it.
 */

declare(strict_types=1);

class MollieApiException extends Exception
{
}

/** A payment as Mollie describes it: its JSON's members as properties. */
#[AllowDynamicProperties]
class MolliePayment
{
    public function __construct(stdClass $described)
    {
        foreach (get_object_vars($described) as $name => $value) {
            $this->{$name} = $value;
        }
    }

    public function __get($name)
    {
        return null;
    }

    public function getCheckoutUrl()
    {
        return $this->_links->checkout->href ?? null;
    }

    public function isAtLeast(string $field): bool
    {
        return isset($this->$field->value) && (float) $this->$field->value > 0;
    }
}

class MolliePaymentsEndpoint
{
    /** @var MollieApi */
    private $api;

    public function __construct(MollieApi $api)
    {
        $this->api = $api;
    }

    public function get(string $id): MolliePayment
    {
        return new MolliePayment($this->api->call('GET', '/payments/' . $id));
    }

    public function create(array $data): MolliePayment
    {
        return new MolliePayment($this->api->call('POST', '/payments', $data));
    }

    public function update(string $id, array $data): MolliePayment
    {
        return new MolliePayment($this->api->call('PATCH', '/payments/' . $id, $data));
    }
}

class MollieApi
{
    /** @var MolliePaymentsEndpoint */
    public $payments;

    /** @var string */
    private $url;

    /** @var string */
    private $key;

    public function __construct(string $url, string $key)
    {
        $this->url = $url;
        $this->key = $key;
        $this->payments = new MolliePaymentsEndpoint($this);
    }

    public function call(string $method, string $path, ?array $body = null): stdClass
    {
        $headers = ['Authorization: Bearer ' . $this->key, 'Content-Type: application/json'];
        if ($method === 'POST') {
            $headers[] = 'Idempotency-Key: ' . bin2hex(random_bytes(16));
        }
        $curl = curl_init($this->url . '/v2' . $path);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 2,
            CURLOPT_TIMEOUT => 10,
        ]);
        if ($body !== null) {
            curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body));
        }
        $answer = curl_exec($curl);
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $described = json_decode((string) $answer);
        if ($answer === false || $status >= 400 || !$described instanceof stdClass) {
            throw new MollieApiException("$method $path: $status " . substr((string) ($answer ?: curl_error($curl)), 0, 200), (int) $status);
        }

        return $described;
    }
}
