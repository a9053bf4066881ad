"""What the steps of a run work with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from services.retraining_agent.deployment import Deployment
from services.retraining_agent.jobs import TrainingJobs
from services.retraining_agent.labelled_complaints import LabelledComplaints
from services.retraining_agent.policy import Policy
from services.retraining_agent.scoring import OpenModel
from services.retraining_agent.shadow import ShadowDeployment
from services.retraining_agent.store import ObjectStore

OpenModels = Callable[[bytes], AbstractContextManager[OpenModel]]


@dataclass(frozen=True)
class Ports:
    """Store, training, serving, scoring, base data, policy and clock."""

    store: ObjectStore
    jobs: TrainingJobs
    deployment: Deployment
    open_model: OpenModels
    base_data: Callable[[], LabelledComplaints]
    policy: Policy
    now: Callable[[], datetime]
    shadow: ShadowDeployment | None = None
    """What mirrors requests to a candidate, where something can."""
