"""Certificates for servers of the tests, made by openssl; each is its own authority."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Certificate and key in one file: for the server to show, and for a client to trust (`SSL_CERT_FILE`)."""

    file: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context


def make_certificate(folder: Path, name: str) -> Certificate:
    """For `name` as openssl writes it, such as `IP:127.0.0.1` or `DNS:shop.example.test`."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), "-addext", f"subjectAltName={name}", *files], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + key.read_text())
    return Certificate(file=certificate)
