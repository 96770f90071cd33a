"""A stand-in for a PrestaShop with the official Mollie module: same tables, same answers, same races."""
