"""When a delivery is tried again."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.records import Delivery, DeliveryState
from bridge.services.settings import WebhookLimits

LONGEST_ERROR = 500
"""Characters of an error that are kept: enough to know the reason, too few for a payload."""


def next_try(delivery: Delivery, error: Exception, now: datetime, limits: WebhookLimits) -> Delivery:
    """The delivery after a failed try: due again after a pause that doubles, or dead after the last try.

    The pause is drawn from the upper half of its range ("equal jitter"), so that deliveries that failed together (the
    shop was down) do not come back together.
    """
    tries = delivery.tries + 1
    reason = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    if tries >= limits.tries:
        return replace(
            delivery, state=DeliveryState.DEAD, tries=tries, next_try_at=None, updated_at=now, last_error=reason
        )
    pause = min(limits.longest_pause, limits.first_pause * 2 ** min(tries - 1, 30))
    rest = timedelta(seconds=pause * random.uniform(0.5, 1.0))  # noqa: S311  (not a secret)
    return replace(
        delivery,
        state=DeliveryState.FAILED,
        tries=tries,
        next_try_at=now + rest,
        updated_at=now,
        last_error=reason,
    )
