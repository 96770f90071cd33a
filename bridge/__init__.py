"""prestashop-mollie-bridge: one cart is paid once."""

__version__ = "0.1.0"
