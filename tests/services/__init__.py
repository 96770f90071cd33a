"""Private servers for tests: each in its own temporary folder, on its own free port, gone when the test run is."""
