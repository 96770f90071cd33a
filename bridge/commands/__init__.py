"""The commands that are more than a few lines, one to a module; `bridge.cli` names them."""
