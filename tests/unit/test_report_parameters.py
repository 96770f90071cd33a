"""Reading a shop's parameters.php without running it: three PrestaShops, odd hosts, odd passwords, odd PHP."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bridge.adapters.prestashop.parameters import ShopParameters, read_parameters
from bridge.domain.errors import ConfigurationError

OLD = """<?php return array (
  'parameters' =>
  array (
    'database_host' => '127.0.0.1',
    'database_port' => '',
    'database_name' => 'shop',
    'database_user' => 'shop_user',
    'database_password' => 'secret',
    'database_prefix' => 'ps_',
    'database_engine' => 'InnoDB',
    'mailer_transport' => 'smtp',
    'mailer_host' => '127.0.0.1',
    'mailer_user' => NULL,
    'ps_caching' => 'CacheMemcache',
    'ps_cache_enable' => false,
    'ps_creation_date' => '2026-11-21',
    'locale' => 'en-US',
    'use_debug_toolbar' => true,
    'cookie_key' => 'abc',
  ),
);
"""
NEW = """<?php

declare(strict_types=1);

/* Written by the installer; don't edit. */
return [
    'parameters' => [
        "database_host" => 'db.example', // the server's name
        'database_port' => 3307, # not 'the' usual one
        'database_name' => 'shop',
        'database_user' => 'shop_user',
        'database_password' => 'secret',
        'database_prefix' => 'ps_',
        'api_public_key' => '-----BEGIN PUBLIC KEY-----
abc
',
        'features' => ['a', 'b' => [1, -2, 3.5, true]],
        'secret' => getenv('APP_SECRET') ?: md5('x, y' . time()),
        'dir' => __DIR__ . '/../cache',
    ],
];
"""


def shop(folder: Path, content: str) -> Path:
    (folder / "app" / "config").mkdir(parents=True, exist_ok=True)
    (folder / "app" / "config" / "parameters.php").write_text(content, encoding="utf-8")
    return folder


def read(folder: Path, content: str, *sockets: Path) -> ShopParameters:
    return read_parameters(shop(folder, content), sockets=sockets)


def test_the_file_of_1_7_8_and_8_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, OLD) == ShopParameters(
        host="127.0.0.1", port=3306, database="shop", user="shop_user", password="secret", prefix="ps_"
    )


def test_the_file_in_the_short_style_is_read_with_comments_and_calls_in_it(tmp_path: Path) -> None:
    assert read(tmp_path, NEW) == ShopParameters(
        host="db.example", port=3307, database="shop", user="shop_user", password="secret", prefix="ps_"
    )


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("localhost:/run/my.sock", "", ("localhost", 3306, "/run/my.sock")),
        (":/run/my.sock", "3306", ("localhost", 3306, "/run/my.sock")),
        ("db:3310", "", ("db", 3310, None)),
        ("db:3310", "3306", ("db", 3310, None)),
        ("db", "3311", ("db", 3311, None)),
        ("db", "", ("db", 3306, None)),
        ("[::1]:3310", "", ("::1", 3310, None)),
        ("::1", "", ("::1", 3306, None)),
        ("localhost", "", ("localhost", 3306, None)),
    ],
)
def test_the_servers_address_is_understood(
    tmp_path: Path, host: str, port: str, expected: tuple[str, int, str | None]
) -> None:
    content = OLD.replace("'127.0.0.1',\n    'database_port' => ''", f"'{host}',\n    'database_port' => '{port}'")

    found = read(tmp_path, content)

    assert (found.host, found.port, found.socket) == expected


def test_localhost_is_the_socket_that_php_would_take(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        found = read(tmp_path, OLD.replace("=> '127.0.0.1'", "=> 'localhost'", 1), tmp_path / "other", path)

    assert found.socket == str(path)
    assert found.url.query["unix_socket"] == str(path)


@pytest.mark.parametrize(
    ("php", "password"),
    [
        (r"'it\'s'", "it's"),
        (r"'a\\'", "a\\"),
        (r"'a\n$b'", r"a\n$b"),
        ("'p@ss:w/o?r#d%20&'", "p@ss:w/o?r#d%20&"),
        ("'a, ) ] => ; // b'", "a, ) ] => ; // b"),
        ('"a\\"b"', 'a"b'),
        (r'"a\$b\x41\101\u{e9}"', "a$bAA\u00e9"),
        (r'"price: 5$"', "price: 5$"),
        ("'pässwörd€'", "pässwörd€"),
        ("''", ""),
        ("null", ""),
        ("123456", "123456"),
    ],
)
def test_passwords_come_out_as_php_has_them(tmp_path: Path, php: str, password: str) -> None:
    found = read(tmp_path, OLD.replace("'secret'", php))

    assert found.password == password
    assert found.url.password == password


@pytest.mark.parametrize("prefix", ["", "1shop_", "PS2_", "x"])
def test_odd_prefixes_are_read(tmp_path: Path, prefix: str) -> None:
    assert read(tmp_path, OLD.replace("'ps_'", f"'{prefix}'")).prefix == prefix


@pytest.mark.parametrize(
    "php", ["getenv('DB')", "'a' . 'b'", '"a$b"', '"a{$b}"', "PASSWORD", "$password", "(string) 'x'", "true", "['x']"]
)
def test_a_value_that_is_not_plain_is_refused_by_name(tmp_path: Path, php: str) -> None:
    with pytest.raises(ConfigurationError, match="database_password is not a plain value"):
        read(tmp_path, OLD.replace("'secret'", php))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not a PHP file"),
        ("hello", "not a PHP file"),
        ("<?php echo 1;", "returns nothing"),
        ("<?php return 5;", "returns no array"),
        ("<?php return array('parameters' => array('database_host' => 'x'", "in the middle|not closed"),
        ("<?php return ['parameters' => ['database_host' => 'x']];", "database_name is missing"),
        (OLD.replace("'database_port' => ''", "'database_port' => 'abc'"), "names no port"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_in_words(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read(tmp_path, content)


def test_a_folder_without_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"parameters\.php can not be read .*PrestaShop"):
        read_parameters(tmp_path)


def test_no_error_and_no_repr_shows_the_password(tmp_path: Path) -> None:
    found = read(tmp_path, OLD)
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, OLD.replace("'shop_user'", "$user"))

    assert "secret" not in repr(found) + str(found.url) + str(refused.value)


def test_nothing_of_the_file_is_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"

    read(tmp_path, OLD.replace("<?php", f"<?php touch('{touched}'); "))

    assert not touched.exists()
