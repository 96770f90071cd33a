"""Mollie's API through mollie-api-python, with its time, its retries and its errors under control."""

from bridge.adapters.mollie.accounts import MollieClientAccounts

__all__ = ["MollieClientAccounts"]
