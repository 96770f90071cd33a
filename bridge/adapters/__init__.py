"""How the ports are kept: SQL, Redis, files, HTTP. One mechanism to a module."""
