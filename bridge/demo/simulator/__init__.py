"""A stand-in for Mollie: the v2 API, the hosted checkout page, webhooks with retries, and faults on demand."""

from bridge.demo.simulator.app import create_app
from bridge.demo.simulator.clock import ShiftableClock
from bridge.demo.simulator.errors import ApiError
from bridge.demo.simulator.faults import Fault, FaultKind
from bridge.demo.simulator.records import OrderStatus, PaymentStatus, RefundStatus
from bridge.demo.simulator.simulator import MollieSimulator
from bridge.demo.simulator.webhooks import Delivery

__all__ = [
    "ApiError",
    "Delivery",
    "Fault",
    "FaultKind",
    "MollieSimulator",
    "OrderStatus",
    "PaymentStatus",
    "RefundStatus",
    "ShiftableClock",
    "create_app",
]
