"""PHP as a shop's server runs it: php-fpm behind nginx, with a temporary directory of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from tests.services.process import PrivateServer, accepts_connections

PACKAGE: Final = "php-fpm"

CONFIGURATION: Final = """
[global]
error_log = {folder}/server.log
daemonize = no
[www]
listen = {host}:{port}
{user}
pm = static
pm.max_children = {workers}
catch_workers_output = yes
decorate_workers_output = no
php_admin_value[error_log] = {folder}/php.log
"""

NGINX: Final = """
        root {root};
        client_max_body_size 1m;
        location / {{
            try_files $uri /index.php$is_args$args;
        }}
        location = / {{
            rewrite ^ /index.php last;
        }}
        location ~ \\.php$ {{
            fastcgi_pass {host}:{port};
            fastcgi_read_timeout 60s;
            fastcgi_param SCRIPT_FILENAME $document_root/index.php;
            fastcgi_param DOCUMENT_ROOT $document_root;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param HTTP_HOST $http_host;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
        }}
"""


def fpm() -> str:
    """The php-fpm binary, whose name holds PHP's version; the test fails with one line when it is missing."""
    found = sorted(Path("/usr/sbin").glob("php-fpm*"))
    if not found:
        pytest.fail(f"php-fpm is not installed: `make test` installs it, or apt-get install {PACKAGE}", pytrace=False)
    return str(found[-1])


class PrivateFpm(PrivateServer):
    """php-fpm with a few workers; `temp` is what PHP gets as the host's temporary directory."""

    name = "fpm"

    def __init__(self, *, temp: Path, workers: int) -> None:
        self._program = fpm()
        super().__init__()
        self._temp = temp
        self._workers = workers

    @property
    def errors(self) -> str:
        """What PHP wrote into its error log."""
        log = self.folder / "php.log"
        return log.read_text() if log.exists() else ""

    def command(self) -> list[str]:
        """The server with its configuration written out."""
        root = os.geteuid() == 0
        config = self.folder / "fpm.conf"
        config.write_text(
            CONFIGURATION.format(
                folder=self.folder,
                host=self.host,
                port=self.port,
                workers=self._workers,
                user="user = root\ngroup = root" if root else "",
            )
        )
        settings = [f"sys_temp_dir={self._temp}", "opcache.revalidate_freq=0", "zend.assertions=1"]
        return [
            *(self._program, "--nodaemonize", "--fpm-config", str(config)),
            *(part for setting in settings for part in ("-d", setting)),
            *(["--allow-to-run-as-root"] if root else []),
        ]

    def answers(self) -> bool:
        """Whether it takes connections."""
        return accepts_connections(self.host, self.port)


def nginx_server(root: Path, backend: PrivateFpm) -> str:
    """The nginx configuration of a shop in `root` whose scripts `backend` runs."""
    return NGINX.format(root=root, host=backend.host, port=backend.port)
