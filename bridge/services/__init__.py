"""What the bridge does, written against `bridge.ports`: one service, one story."""
