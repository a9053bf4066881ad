"""Decisions as events on EventBridge, for whoever has a rule for them."""

from typing import Any, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from services.retraining_agent.errors import TransientError
from services.retraining_agent.surface import DecisionDocument

SOURCE = "complaints.retraining_agent"
DETAIL_TYPE = "Retraining decision"


class Events(Protocol):
    """The one call of the EventBridge client that is needed."""

    def put_events(self, *, Entries: list[Any]) -> Any: ...  # noqa: N803


class EventBus:
    """One bus, by name or ARN. An event's detail is the decision of `agent/schema.json`."""

    def __init__(self, client: Events, bus: str) -> None:
        self._client = client
        self._bus = bus

    def tell(self, decision: DecisionDocument) -> None:
        """Put one event; raises TransientError when the bus did not take it."""
        event = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": msgspec.json.encode(decision).decode(),
            "Time": decision.decided_at,
            "EventBusName": self._bus,
        }
        try:
            answer = self._client.put_events(Entries=[event])
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"event bus {self._bus}: {error}") from error
        if answer["FailedEntryCount"]:
            reason = answer["Entries"][0].get("ErrorMessage", "no reason given")
            raise TransientError(f"event bus {self._bus} refused the event: {reason}")
