"""The first page, and those about deliveries, refunds, locks and one cart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge.domain.errors import BridgeError
from bridge.domain.records import DeliveryState, RefundState
from bridge.services.container import Services
from bridge.services.dashboard import ENTRIES, LISTED, WAITING
from bridge.web.auth import Scope, route
from bridge.web.dashboard.door import Door, TurnedAway, session_now
from bridge.web.dashboard.needs import is_watching, needs_of
from bridge.web.dashboard.plotted import MOST_CURRENCIES, currencies_of, plots_of
from bridge.web.fields import LARGEST_ID
from bridge.web.settings import WebSettings
from bridge.web.watching import note

DELIVERIES: Final = {
    "waiting": WAITING,
    "dead": frozenset({DeliveryState.DEAD}),
    "done": frozenset({DeliveryState.DONE}),
}
"""What may be asked for; done ones are listed from the oldest, as all are."""

A_PERSON: Final = "person"
REFUNDS: Final = (A_PERSON, *(state.value for state in RefundState))
"""What may be asked for: those that need a person, or a state."""


def add_pages(site: Blueprint, services: Services, settings: WebSettings, door: Door) -> None:
    """Their routes."""

    @site.get("")
    @route(scope=Scope.SESSION)
    def overview() -> str:
        """State, what needs a person, figures and plots."""
        found = services.dashboard.overview()
        return render_template(
            "dashboard/overview.html",
            overview=found,
            settings=settings,
            needs=needs_of(found),
            plots=plots_of(found),
            more_currencies=currencies_of(found.status.daily)[MOST_CURRENCIES:],
            is_watching=is_watching(found),
            form_token=session_now().form_token,
        )

    @site.get("/deliveries")
    @route(scope=Scope.SESSION)
    def deliveries() -> str:
        """Deliveries in a state, oldest first."""
        state = _chosen(DELIVERIES, "waiting")
        found = services.dashboard.deliveries(DELIVERIES[state])
        return _page("deliveries", rows=found, state=state, states=tuple(DELIVERIES), most=LISTED)

    @site.get("/refunds")
    @route(scope=Scope.SESSION)
    def refunds() -> str:
        """Refunds in a state, oldest first."""
        return refunds_page(_chosen(REFUNDS, A_PERSON))

    def refunds_page(state: str, fault: str | None = None) -> str:
        find = services.refunds
        found = find.for_a_person() if state == A_PERSON else find.in_states(frozenset({RefundState(state)}))
        return _page("refunds", rows=found, state=state, states=REFUNDS, most=LISTED, fault=fault)

    @site.get("/locks")
    @route(scope=Scope.SESSION)
    def locks() -> str:
        """What is held now."""
        return _page("locks", held=services.dashboard.held(), settings=settings, now=services.clock.now())

    @site.get("/cart")
    @route(scope=Scope.SESSION)
    def cart() -> str:
        """What was decided about a cart, the newest last."""
        asked = request.args.get("cart_id", "").strip()
        number = _number(asked)
        found = services.dashboard.find_cart(number) if number is not None else None
        entries = services.dashboard.trail_of(found) if found is not None else ()
        attempts = services.ledger.attempts_of(found) if found is not None else ()
        return _page("cart", asked=asked[:20], cart=found, entries=entries, attempts=attempts, most=ENTRIES)

    @site.post("/refunds/<uuid:refund_id>/<word>")
    @route(scope=Scope.SESSION)
    def decide(refund_id: object, word: str) -> AnyResponse:
        """Your word about a proposed refund. What came of it is shown among the refunds."""
        if word not in ("approve", "reject"):
            raise TurnedAway(404, "There is no such page.")
        door.ask_form()
        say = services.refunds.approve if word == "approve" else services.refunds.reject
        try:
            refund = say(str(refund_id))
        except BridgeError as error:
            problem = note(error)
            fault = f"Not done: {problem.detail}. What was approved goes on by itself; below is how it stands."
            return Response(refunds_page(A_PERSON, fault), problem.kind.status)
        response = Response(status=303)
        response.headers["Location"] = url_for("dashboard.refunds", state=refund.state.value)
        return response


def _page(name: str, **shown: object) -> str:
    return render_template(f"dashboard/{name}.html", form_token=session_now().form_token, **shown)


def _chosen(states: Collection[str], usual: str) -> str:
    """The state in the address; raises `TurnedAway` for one that there is not."""
    state = request.args.get("state", usual)
    if state not in states:
        raise TurnedAway(422, "There is no such state.")
    return state


def _number(asked: str) -> int | None:
    """A cart's number; None for what can be none."""
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= len(str(LARGEST_ID))
    return int(asked) if is_number and int(asked) <= LARGEST_ID else None
