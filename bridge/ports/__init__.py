"""What the services need from the world, as Protocols; `bridge.adapters` holds the implementations."""
