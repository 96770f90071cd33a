"""What MySQL's own way of signing in needs from the driver."""

from __future__ import annotations

from pymysql import _auth

SERVERS_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsmGf2Cg8eCUvBfu0a9fR
kiSapiS9wV+5MuPJvBcLcn4rZUawKzyiwH2NOX6OgKJyKUUWBrlWRQWBJebmRSvv
WnGAvKWlED0U4Ab9lXegAdGFutuHD8P35vYTskRsMK5ya70Ws539EsmKajLMRkft
aL/kyQS7CwNPccwguLefH7tJd6NZeSaijKVsgwNXdBBbu4ViN24I7Vwd1+cILb24
ZHw3JluYQPHQtLbHOIRhTCJsfIVORzLI7Dfq/khBXBq+q6IEKNCK0jp5p1FNeQEg
/v2ZwJlzUQ2BN8u2Jjz/JcK9DXmbIdM6uca/gOE+Lu1n79GXv14U+9MFOQRssonx
lQIDAQAB
-----END PUBLIC KEY-----
"""


def test_the_driver_can_encrypt_a_password_for_caching_sha2_password() -> None:
    """Without the cryptography package it raises, and nobody connects to MySQL 8 over TCP without TLS."""
    assert len(_auth.sha2_rsa_encrypt(b"secret", b"x" * 20, SERVERS_KEY)) == 256
