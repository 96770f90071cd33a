<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\CurlTransport;
use MollieBridge\Endpoint;

/** A process that takes one connection, reads what comes, sends the given bytes, and hangs up or does not. */
final class RawServer
{
    /** At the end of what is sent: the connection then stays open. */
    public const HANGS = '{hangs}';

    /** Stands for more than a sidecar ever says. */
    public const MUCH = '{much}';

    private const SCRIPT = <<<'PHP'
        $server = stream_socket_server($argv[1]);
        fwrite(STDOUT, stream_socket_get_name($server, false) . "\n");
        $connection = stream_socket_accept($server, 20);
        $read = '';
        stream_set_timeout($connection, 5);
        while (strpos($read, "\r\n\r\n") === false && ($piece = fread($connection, 4096)) != '') {
            $read .= $piece;
        }
        if (preg_match('/Content-Length: (\d+)/i', $read, $length)) {
            while (strlen(substr(strstr($read, "\r\n\r\n"), 4)) < $length[1]) {
                $read .= fread($connection, 4096);
            }
        }
        $sent = base64_decode($argv[2]);
        @fwrite($connection, strtr($sent, ['{hangs}' => '', '{much}' => str_repeat('x', 900000)]));
        if (strpos($sent, '{hangs}') !== false) {
            @fread($connection, 1);
        }
        fclose($connection);
        fwrite(STDOUT, base64_encode($read) . "\n");
        PHP;

    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private $pipes;

    /** @var string */
    private $address;

    /** @param string $address such as tcp://127.0.0.1:0 or unix:///tmp/a.sock */
    public function __construct(string $address, string $sent)
    {
        $command = [PHP_BINARY, '-r', self::SCRIPT, '--', $address, base64_encode($sent)];
        $this->process = proc_open($command, [1 => ['pipe', 'w']], $this->pipes);
        $name = trim((string) fgets($this->pipes[1]));
        $this->address = strncmp($address, 'unix:', 5) === 0 ? 'unix:' . substr($address, 7) : 'http://' . $name;
    }

    public function __destruct()
    {
        proc_terminate($this->process, 9);
        proc_close($this->process);
        if (strncmp($this->address, 'unix:', 5) === 0) {
            unlink(substr($this->address, 5));
        }
    }

    public function transport(): CurlTransport
    {
        return new CurlTransport(Endpoint::read($this->address));
    }

    /** What was asked, once the connection is over. */
    public function asked(): string
    {
        return (string) base64_decode(trim((string) fgets($this->pipes[1])), true);
    }
}
