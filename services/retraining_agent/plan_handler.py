"""`plan` as a Lambda function of the agent's image: what a round would decide now. Changes nothing.

The event may hold `request`, a person's reason. BUCKET and POLICY are as for the command line.
"""

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import msgspec

from services.retraining_agent.look import look
from services.retraining_agent.policy import Policy, read_policy
from services.retraining_agent.s3_store import S3Store
from services.retraining_agent.settings import Settings
from services.retraining_agent.store import ObjectStore


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return decision and evidence as values of JSON; raises AgentError."""
    store, policy = _dependencies()
    return plan(store, policy, datetime.now(UTC), event.get("request"))


def plan(store: ObjectStore, policy: Policy, now: datetime, request: str | None) -> dict[str, Any]:
    """Return what `plan --json` prints."""
    seen = look(store, policy, now, request)
    document = {"decision": seen.decision, "evidence": seen.gathered.evidence}
    return dict(msgspec.json.decode(msgspec.json.encode(document)))


@cache
def _dependencies() -> tuple[ObjectStore, Policy]:
    settings = Settings.from_env(os.environ)
    return S3Store(boto3.client("s3"), settings.bucket), read_policy(settings.policy_path)
