"""PrestaShop's own tables, as far as the bridge reads them."""

from bridge.adapters.prestashop.shop import SqlShop

__all__ = ["SqlShop"]
