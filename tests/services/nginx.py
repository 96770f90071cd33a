"""A private nginx with a configuration of the test's own."""

from __future__ import annotations

import os
import signal

from tests.services.process import PrivateServer, accepts_connections, program

SERVER_PACKAGE = "nginx-light"

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/server.log info;
{user}
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
    server {{
        listen {host}:{port};
        {server}
    }}
}}
"""


class PrivateNginx(PrivateServer):
    """nginx with one server: `server` stands in its block, `http` around it (a map, an upstream)."""

    name = "nginx"

    def __init__(self, server: str, *, http: str = "") -> None:
        self._nginx = program("nginx", SERVER_PACKAGE)
        super().__init__()
        self._server = server
        self._http = http

    @property
    def url(self) -> str:
        """The server's base URL, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def configure(self, server: str, *, http: str = "") -> None:
        """Take another configuration, without dropping a connection."""
        self._server, self._http = server, http
        self.command()
        os.kill(self.pid, signal.SIGHUP)

    def command(self) -> list[str]:
        """The server with its configuration written out."""
        path = self.folder / "nginx.conf"
        path.write_text(
            CONFIGURATION.format(
                folder=self.folder,
                host=self.host,
                port=self.port,
                http=self._http,
                server=self._server,
                # Started by root the workers would run as somebody who may not write into the temporary folder.
                user="user root;" if os.geteuid() == 0 else "",
            )
        )
        return [self._nginx, "-e", str(self.log), "-p", str(self.folder), "-c", str(path)]

    def answers(self) -> bool:
        """Whether it takes connections."""
        return accepts_connections(self.host, self.port)
