"""Logs and metrics: structlog event names with fixed id fields, Prometheus counters with few labels."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS: Final = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PAYMENT_SECONDS: Final = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 86400)


class Metrics:
    """Every metric of the bridge, in a registry of its own."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.initiations = self._counter("initiations", "Initiations by decision", "decision")
        self.duplicate_attempts = self._counter(
            "duplicate_payment_attempts", "Initiations that found a payment or an order in the way", "decision"
        )
        self.duplicate_orders = self._counter("duplicate_order_attempts", "Money for a cart that was settled already")
        self.resource_conflicts = self._counter(
            "resource_conflicts", "Locks and leases that were not to be had", "purpose"
        )
        self.settlements = self._counter("settlements", "Deliveries by decision", "decision")
        self.observed = self._counter("observed", "Decisions about carts that are only watched", "decision")
        self.guesses = self._counter("guesses", "Decisions by the clock because Mollie did not answer")
        self.mismatches = self._counter("mismatches", "Settled carts whose order did not verify")
        self.refunds = self._counter("refunds", "Refunds by outcome", "outcome")
        self.notices = self._counter("notices", "Notices by what became of sending them", "channel", "state")
        self.dead_deliveries = self._counter("dead_deliveries", "Deliveries that were given up")
        self.delivery_queue = self._gauge("delivery_queue", "Deliveries that are not done, by state", "state")
        self.refund_queue = self._gauge("refund_queue", "Refunds that are not finished, or failed, by state", "state")
        self.notice_queue = self._gauge("notice_queue", "Notices that are not sent, by state", "state")
        self.pending_payments = self._gauge("pending_payments", "Payments that may still be paid")
        self.completed_payments = self._gauge("completed_payments", "Payments that brought money in the last day")
        self.pending_ratio = self._gauge(
            "pending_to_completed_ratio", "Payments that may still be paid, for each completed in the last day"
        )
        self.payment_to_order = Histogram(
            "molbridge_payment_to_order_seconds",
            "From the attempt's creation to its verified order",
            buckets=PAYMENT_SECONDS,
            registry=self.registry,
        )
        self.requests = Histogram(
            "molbridge_request_seconds",
            "Requests by route and status",
            ("route", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )

    @staticmethod
    def show(gauge: Gauge, figures: Mapping[str, int]) -> None:
        """Set a gauge by state; a state that is not named has none."""
        gauge.clear()
        for state, number in figures.items():
            gauge.labels(state=state).set(number)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"molbridge_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"molbridge_{name}", text, labels, registry=self.registry)


METRICS: Final = Metrics()


def configure_logging(*, level: str, as_json: bool) -> None:
    """Write one line per event to standard error: JSON, or for people with `as_json` off."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
