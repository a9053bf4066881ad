"""What every command works with, and one way to print an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import msgspec

from services.retraining_agent.errors import AgentError, BadInputError
from services.retraining_agent.lease import Lease
from services.retraining_agent.policy import Policy
from services.retraining_agent.ports import Ports
from services.retraining_agent.store import ObjectStore
from services.retraining_agent.surface import DecisionDocument


@dataclass(frozen=True)
class App:
    """The agent's dependencies, built once by main."""

    store: ObjectStore
    bucket: str
    policy: Policy
    now: Callable[[], datetime]
    ports: Callable[[], Ports]
    can_train: bool
    owner: str
    sleep: Callable[[float], None]
    announce: Callable[[DecisionDocument], None]

    def place(self, key: str) -> str:
        """Return where an object lies, as a person would write it."""
        return f"s3://{self.bucket}/{key}"

    def lease(self) -> Lease:
        """Return the lease, not yet acquired."""
        return Lease(self.store, self.owner, self.now)


def answer(as_json: bool, document: Any, text: str) -> None:
    """Print one JSON document, or the text for people."""
    if as_json:
        click.echo(msgspec.json.encode(document, order="deterministic").decode())
    else:
        click.echo(text)


class AgentGroup(click.Group):
    """Turns the agent's errors into one sentence and an exit code: 2 for bad input, else 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AgentError as error:
            click.echo(f"retraining_agent: {error}", err=True)
            ctx.exit(2 if isinstance(error, BadInputError) else 1)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
