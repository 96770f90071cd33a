"""A stand-in for a PrestaShop with the official Mollie module: same tables, same answers, same races."""

from bridge.demo.storefront.answers import PayAnswer, Redirect, Tell
from bridge.demo.storefront.failures import ConnectionBroken, Failure, Failures
from bridge.demo.storefront.journal import Event, Happening, Journal
from bridge.demo.storefront.payment_page import StartedPayment
from bridge.demo.storefront.prestashop import OrderExists, Stage
from bridge.demo.storefront.schema import ShopTables, shop_tables
from bridge.demo.storefront.seed import State, seed
from bridge.demo.storefront.shim import BridgeShim
from bridge.demo.storefront.shop import ToyShop
from bridge.demo.storefront.web import create_app
from bridge.demo.storefront.webhook import Answer

__all__ = [
    "Answer",
    "BridgeShim",
    "ConnectionBroken",
    "Event",
    "Failure",
    "Failures",
    "Happening",
    "Journal",
    "OrderExists",
    "PayAnswer",
    "Redirect",
    "ShopTables",
    "Stage",
    "StartedPayment",
    "State",
    "Tell",
    "ToyShop",
    "create_app",
    "seed",
    "shop_tables",
]
