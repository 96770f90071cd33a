"""What `mollie-bridge doctor` examines: small checks that say what was tested, what was seen and what to do."""
