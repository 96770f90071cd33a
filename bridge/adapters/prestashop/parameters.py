"""Reads a shop's `app/config/parameters.php`, the PHP array with its database access, without running it.

PrestaShop 1.7.8, 8 and 9 write `<?php return array('parameters' => array(...));` in one style or the other. Only what
is plain there is read: strings in either kind of quotes, numbers, true, false, null, and arrays of those. Anything else
(a function call, a constant, strings put together) is passed over, and refused when it stands where a value is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import URL

from bridge.domain.errors import ConfigurationError

PLACE: Final = Path("app/config/parameters.php")

SOCKETS: Final = (
    Path("/run/mysqld/mysqld.sock"),
    Path("/var/run/mysqld/mysqld.sock"),
    Path("/var/lib/mysql/mysql.sock"),
    Path("/tmp/mysql.sock"),  # noqa: S108  (where some servers listen; nothing is written there)
)
"""Where PHP looks for the server when the host is `localhost`: its own default is one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopParameters:
    """How the shop reaches its database. Either `socket` is set, or `host` with `port`."""

    host: str
    port: int
    database: str
    user: str
    prefix: str
    socket: str | None = None
    password: str = field(repr=False, default="")

    @property
    def url(self) -> URL:
        """The SQLAlchemy URL, utf8mb4; its password is masked when it is printed."""
        query = {"charset": "utf8mb4"} | ({"unix_socket": self.socket} if self.socket else {})
        return URL.create(
            "mysql+pymysql",
            username=self.user,
            password=self.password,
            host="localhost" if self.socket else self.host,
            port=None if self.socket else self.port,
            database=self.database,
            query=query,
        )


def read_parameters(shop: Path, *, sockets: tuple[Path, ...] = SOCKETS) -> ShopParameters:
    """The parameters of the shop in that folder. Raises `ConfigurationError`, which never quotes a value."""
    file = shop / PLACE
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{file} is not UTF-8"]) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigurationError([f"{file} can not be read ({why}): is {shop} a PrestaShop 1.7.8, 8 or 9?"]) from error
    try:
        return _parameters(_array_in(content), sockets)
    except _Unreadable as error:
        raise ConfigurationError([f"{file}: {error}"]) from None


class _Unreadable(Exception):
    """What is wrong with the file, without any value of it."""


class _NotPlain:
    """Stands for a value that is more than a plain one."""


_NOT_PLAIN: Final = _NotPlain()


def _parameters(content: Any, sockets: tuple[Path, ...]) -> ShopParameters:
    found = content.get("parameters", content) if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise _Unreadable("it returns no array of parameters")
    host, port, socket = _address(_text(found, "database_host"), _text(found, "database_port", ""), sockets)
    return ShopParameters(
        host=host,
        port=port,
        socket=socket,
        database=_text(found, "database_name"),
        user=_text(found, "database_user"),
        password=_text(found, "database_password", ""),
        prefix=_text(found, "database_prefix"),
    )


def _text(found: dict[str, Any], name: str, default: str | None = None) -> str:
    value = found.get(name)
    if value is None:
        if default is None:
            raise _Unreadable(f"{name} is missing")
        return default
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise _Unreadable(f"{name} is not a plain value")


def _address(host: str, port: str, sockets: tuple[Path, ...]) -> tuple[str, int, str | None]:
    """Host, port and socket out of `host`, `host:port`, `host:/socket`, `[v6]:port`, and the port by itself.

    `localhost` without a port is a socket to PHP, so it is one here where there is one.
    """
    host = host.strip()
    # PrestaShop pastes the host into PDO's data source name, so that more of one may follow it.
    pasted = re.fullmatch(r"([^;]*);\s*unix_socket=(/[^;]+);?", host)
    if pasted:
        return pasted.group(1) or "localhost", 3306, pasted.group(2)
    bracketed = re.fullmatch(r"\[([^]]+)\](?::(.*))?", host)
    if bracketed:
        name, rest = bracketed.group(1), bracketed.group(2) or ""
    elif host.count(":") > 1 and "/" not in host:
        name, rest = host, ""
    else:
        name, _, rest = host.partition(":")
    if rest.startswith("/"):
        return name or "localhost", 3306, rest
    number = rest or port.strip()
    if number and not (number.isascii() and number.isdigit() and 0 < int(number) < 65_536):
        raise _Unreadable("database_host or database_port names no port")
    if name == "localhost" and not number:
        there = next((one for one in sockets if one.is_socket()), None)
        if there is not None:
            return name, 3306, str(there)
    return name or "localhost", int(number or 3306), None


# PHP, as far as it goes


class _Token(NamedTuple):
    kind: str
    text: str


_TOKEN: Final = re.compile(
    r"""
    (?P<comment> /\*.*?\*/ | //[^\n]* | \#(?!\[)[^\n]* )
  | (?P<single>  '(?:[^'\\]|\\.)*' )
  | (?P<double>  "(?:[^"\\]|\\.)*" )
  | (?P<number>  -?\d+(?:\.\d+)? )
  | (?P<arrow>   => )
  | (?P<word>    [A-Za-z_\\\x80-\U0010ffff][\w\\\x80-\U0010ffff]* )
  | (?P<mark>    [()\[\],;] )
  | (?P<space>   \s+ )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING: Final = {"(": ")", "[": "]"}
_WORDS: Final = {"true": True, "false": False, "null": None}


def _array_in(content: str) -> Any:
    opened = re.search(r"<\?php\b", content, re.IGNORECASE)
    if opened is None:
        raise _Unreadable("it is not a PHP file")
    tokens = _Tokens(_tokens(content[opened.end() :]))
    while not tokens.at_end:
        if tokens.take().text.lower() == "return":
            return _value(tokens)
    raise _Unreadable("it returns nothing")


def _tokens(content: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(content):
        kind = match.lastgroup or "other"
        if kind not in {"comment", "space"}:
            yield _Token(kind, match.group())


class _Tokens:
    """The file's tokens, read from the front."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = list(tokens)
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) else ""

    def take(self) -> _Token:
        if self.at_end:
            raise _Unreadable("it ends in the middle of an array")
        self._at += 1
        return self._tokens[self._at - 1]


def _value(tokens: _Tokens) -> Any:
    """A value up to what ends it; `_NOT_PLAIN` for anything more than a plain one."""
    value = _plain(tokens)
    while tokens.peek() not in {",", ";", ")", "]", "=>", ""}:
        value = _NOT_PLAIN
        _skip(tokens)
    return value


def _plain(tokens: _Tokens) -> Any:
    opening = tokens.peek()
    if opening == "[" or (opening.lower() == "array" and tokens.peek(1) == "("):
        if opening != "[":
            tokens.take()
        return _array(tokens)
    if opening in _CLOSING:
        _skip(tokens)
        return _NOT_PLAIN
    token = tokens.take()
    match token.kind:
        case "single":
            return re.sub(r"\\([\\'])", r"\1", token.text[1:-1])
        case "double":
            return _double_quoted(token.text[1:-1])
        case "number":
            return int(token.text) if "." not in token.text else token.text
        case "word" if token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        case _:
            return _NOT_PLAIN


def _array(tokens: _Tokens) -> dict[str, Any]:
    closing = _CLOSING[tokens.take().text]
    found: dict[str, Any] = {}
    while tokens.peek() != closing:
        value = _value(tokens)
        key: Any = len(found)
        if tokens.peek() == "=>":
            tokens.take()
            key, value = value, _value(tokens)
        found[str(key)] = value
        if tokens.peek() == ",":
            tokens.take()
        elif tokens.peek() != closing:
            raise _Unreadable("an array in it is not closed")
    tokens.take()
    return found


def _skip(tokens: _Tokens) -> None:
    """Pass over one token, or over all that stands in its brackets."""
    opening = tokens.take().text
    if opening in _CLOSING:
        while tokens.peek() != _CLOSING[opening]:
            _skip(tokens)
        tokens.take()


_ESCAPE: Final = re.compile(r"\\(?:([nrtvef\\$\"])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]+)\})")
_NAMED: Final = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f", "\\": "\\", "$": "$", '"': '"'}


def _double_quoted(text: str) -> Any:
    """A string in double quotes; one with a variable in it is not plain."""
    if re.search(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{\x80-\U0010ffff]|\{\$)", text):
        return _NOT_PLAIN
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    named, octal, hexadecimal, point = match.groups()
    if named:
        return _NAMED[named]
    return chr(int(octal, 8) & 0xFF) if octal else chr(int(hexadecimal or point, 16))
