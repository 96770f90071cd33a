"""PHP as a shop's server runs it: php-fpm on a Unix socket, and the server blocks that nginx gets in front of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.services.process import PrivateServer

FPM_PACKAGE: Final = "php-fpm"

CONFIGURATION: Final = """
[global]
error_log = {folder}/server.log
daemonize = no
[shop]
listen = {socket}
{user}
pm = static
pm.max_children = {workers}
catch_workers_output = yes
decorate_workers_output = no
php_admin_value[error_log] = {folder}/php.log
"""

FRONT_DOOR: Final = """
root {root};
client_max_body_size 1m;
location / {{
    try_files $uri /index.php$is_args$args;
}}
location = / {{
    rewrite ^ /index.php last;
}}
location ~ \\.php$ {{
    include /etc/nginx/fastcgi_params;
    fastcgi_param SCRIPT_FILENAME $document_root/index.php;
    fastcgi_param HTTP_HOST $http_host;
    fastcgi_pass unix:{socket};
    fastcgi_read_timeout 60s;
}}
"""

AWKWARD: Final = """
root {root};
index index.php;
set $shop_folder "{root}";
rewrite ^/old/(.*)$ /$1 last;
location / {{ try_files $uri $uri/ /index.php$is_args$args; }}
location /shop/ {{ try_files $uri $uri/ /shop/index.php$is_args$args; }}
location ~ [^/]\\.php(/|$) {{
    fastcgi_split_path_info ^(.+\\.php)(/.*)$;
    try_files $fastcgi_script_name =404;
    include /etc/nginx/fastcgi_params;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
    fastcgi_param SHOP_FOLDER $shop_folder;
    fastcgi_intercept_errors on;
    fastcgi_pass unix:{socket};
}}
error_page 404 /not-found.html;
"""


def fpm() -> str:
    """The php-fpm binary, whose name holds PHP's version; the test fails with one line when it is missing.

    The environment's `PHP_FPM` names another one.
    """
    found = [os.environ["PHP_FPM"]] if "PHP_FPM" in os.environ else sorted(map(str, Path("/usr/sbin").glob("php-fpm*")))
    if not found:
        message = f"php-fpm is not installed: `make test` installs it, or apt-get install {FPM_PACKAGE}"
        pytest.fail(message, pytrace=False)
    return found[-1]


class PrivatePhpFpm(PrivateServer):
    """php-fpm with a few workers. `settings` are PHP's own, such as `sys_temp_dir`."""

    name = "php-fpm"

    def __init__(self, *, workers: int = 2, settings: Mapping[str, str] | None = None) -> None:
        self._program = fpm()
        super().__init__()
        self._workers = workers
        self._settings = dict(settings or {})

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "fpm.sock"

    @property
    def errors(self) -> str:
        """What PHP wrote into its error log."""
        log = self.folder / "php.log"
        return log.read_text() if log.exists() else ""

    def front_door(self, root: Path) -> str:
        """nginx's server block of a shop in `root`: what is no file goes to its index.php."""
        return FRONT_DOOR.format(root=root, socket=self.socket)

    def awkward_site(self, root: Path) -> str:
        """The same, made hard to come back into: try_files, `set`, `rewrite`, error pages of its own."""
        return AWKWARD.format(root=root, socket=self.socket)

    def command(self) -> list[str]:
        """In the foreground, deaf to the machine's own pools."""
        root = os.geteuid() == 0
        path = self.folder / "php-fpm.conf"
        path.write_text(
            CONFIGURATION.format(
                folder=self.folder,
                socket=self.socket,
                workers=self._workers,
                user="user = root\ngroup = root" if root else "",
            )
        )
        return [
            *(self._program, "--nodaemonize", "--fpm-config", str(path)),
            *(part for name, value in self._settings.items() for part in ("-d", f"{name}={value}")),
            *(["--allow-to-run-as-root"] if root else []),
        ]

    def answers(self) -> bool:
        """Whether it takes connections."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0
