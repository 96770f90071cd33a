"""Hand-written stand-ins for the ports: in memory, filled and read by the tests."""
