"""A private php-fpm over a folder, as Debian's nginx is put in front of it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.services.process import PrivateServer, program

SERVER_PACKAGE = "php-fpm"

CONFIGURATION = """
[global]
error_log = {folder}/server.log
daemonize = no
[shop]
listen = {socket}
pm = static
pm.max_children = 2
{user}
"""

SITE = """
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
"""A shop's server block, made hard to come back into: try_files, `set`, `rewrite`, error pages of its own."""


class PrivatePhpFpm(PrivateServer):
    """php-fpm on a Unix socket; `site()` is what nginx needs to serve `root` with it."""

    name = "php-fpm"

    def __init__(self, root: Path) -> None:
        version = os.environ.get("PHP_FPM", "php-fpm8.2")
        self._php_fpm = program(version, SERVER_PACKAGE)
        super().__init__()
        self.root = root
        self.socket = self.folder / "fpm.sock"

    def site(self) -> str:
        """The shop's part of the server block."""
        return SITE.format(root=self.root, socket=self.socket)

    def command(self) -> list[str]:
        """In the foreground, deaf to the machine's own pools."""
        root = os.geteuid() == 0
        path = self.folder / "php-fpm.conf"
        path.write_text(
            CONFIGURATION.format(
                folder=self.folder, socket=self.socket, user="user = root\ngroup = root" if root else ""
            )
        )
        return [
            self._php_fpm,
            "--nodaemonize",
            "--fpm-config",
            str(path),
            *(["--allow-to-run-as-root"] if root else []),
        ]

    def answers(self) -> bool:
        """Whether it takes connections."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0
