"""The agent promotes and goes back through boto3 on the local cloud: real containers, under
requests that never stop. Their client does not retry, so that a lost request is seen."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore.config import Config

from libs.artifact.archive import unpack_artifact
from libs.artifact.scorer import OnnxScorer
from libs.events.invocations import read_invocations_response
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.ledger import ChampionRef
from ops.local.cloud.blue_green import BlueGreenEndpoint
from ops.local.cloud.containers import Containers
from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import Processes
from ops.local.cloud.sagemaker_control import ControlServer, SagemakerControl
from ops.local.cloud.sagemaker_shim import SagemakerShim
from ops.local.demo import services
from services.retraining_agent.champion_store import require_champion
from services.retraining_agent.labelled_complaints import LabelledComplaints
from services.retraining_agent.lease import Lease
from services.retraining_agent.ledger_store import LedgerStore
from services.retraining_agent.model_record import ModelRecord, read_record, record_key
from services.retraining_agent.orders import RollBackOrder, roll_back
from services.retraining_agent.policy import Policy, PromotionPolicy
from services.retraining_agent.ports import Ports
from services.retraining_agent.register import FirstModel, keep_artifact, register_first
from services.retraining_agent.run_engine import drive
from services.retraining_agent.run_state import RunState, RunStore
from services.retraining_agent.s3_store import S3Store
from services.retraining_agent.sagemaker_deployment import EndpointSpec, SageMakerDeployment
from services.retraining_agent.scoring import open_model
from services.retraining_agent.testing.fakes import FakeJobs
from services.retraining_agent.testing.keyword_artifact import (
    KEYWORDS,
    KeywordSpec,
    write_keyword_archive,
)

ENDPOINT = "complaints"
BUCKET = "registry"
REQUEST = b'{"instances": [{"text": "they sold my debt to a collector"}]}'
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
CALLERS = 3


@dataclass
class Caller:
    """Asks the endpoint again and again, and keeps the digest of each answer."""

    client: Any
    digests: list[str] = field(default_factory=list)
    lost: list[Exception] = field(default_factory=list)

    def call(self) -> None:
        try:
            answer = self.client.invoke_endpoint(
                EndpointName=ENDPOINT, Body=REQUEST, ContentType="application/json"
            )
            response = read_invocations_response(answer["Body"].read())
            self.digests.append(response.model.digest)
        except Exception as error:  # whatever it is, a request was lost
            self.lost.append(error)

    def seen(self) -> list[str]:
        """Return which models answered, in order, each change once."""
        return [digest for digest, _ in groupby(self.digests)]


class Requests:
    """Several callers at once, for as long as the context lasts."""

    def __init__(self, clients: list[Any]) -> None:
        self.callers = [Caller(client) for client in clients]
        self._ended = threading.Event()
        self._answered = threading.Condition()
        self._threads = [threading.Thread(target=self._go, args=(c,)) for c in self.callers]

    def __enter__(self) -> "Requests":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self) -> None:
        """Wait until every caller has had another few answers, or one has lost a request."""
        wanted = [len(caller.digests) + 5 for caller in self.callers]
        with self._answered:
            self._answered.wait_for(lambda: self._have(wanted) or self.lost, timeout=30)
        assert self._have(wanted), self.lost

    def _have(self, wanted: list[int]) -> bool:
        counts = (len(caller.digests) for caller in self.callers)
        return all(count >= n for count, n in zip(counts, wanted, strict=True))

    @property
    def lost(self) -> list[Exception]:
        return [error for caller in self.callers for error in caller.lost]

    def _go(self, caller: Caller) -> None:
        while not self._ended.is_set() and not caller.lost:
            caller.call()
            with self._answered:
                self._answered.notify_all()


@dataclass
class Scene:
    """A champion behind a real endpoint, its registry in S3, and the agent's ports."""

    ports: Ports
    champion_digest: str
    endpoint: BlueGreenEndpoint
    clients: list[Any]
    folder: Path

    def candidate(self, content: bytes, digest: str) -> RunState:
        """Put a proven candidate into the registry and return the run that waits to serve it."""
        store, champion = self.ports.store, require_champion(self.ports.store)
        keep_artifact(store, "2.0.0", content)
        parent = read_record(store, champion.champion.version)
        record: ModelRecord = msgspec.structs.replace(
            parent, version="2.0.0", model_digest=digest, parent_version=parent.version
        )
        store.write(record_key("2.0.0"), msgspec.json.encode(record))
        return RunState(
            run_id="run-1",
            kind="promotion",
            step="approve",
            started_at=self.ports.now(),
            step_since=self.ports.now(),
            decided_by="policy",
            reason="a test",
            evidence={},
            base=ChampionRef(version="1.0.0", model_digest=self.champion_digest),
            base_etag=champion.etag,
            target_version="2.0.0",
            target_digest=digest,
            reviews_until=self.ports.now(),
        )

    def promote(self, state: RunState) -> RunState:
        lease = self.lease()
        lease.acquire()
        return drive(self.ports, RunStore(self.ports.store), lease, state, self.look_again)

    def lease(self) -> Lease:
        return Lease(self.ports.store, "test", self.ports.now)

    def look_again(self, state: RunState) -> bool:
        self.endpoint.wait()
        return True

    def requests(self) -> Requests:
        return Requests(self.clients)


def make_archive(folder: Path, version: str) -> tuple[Path, str]:
    archive = write_keyword_archive(folder / version, KeywordSpec(version=version))
    return archive, unpack_artifact(archive, folder / version / "unpacked").digest


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Processes(tmp_path / "logs") as processes:
        cloud = Ministack(processes).start()
        s3 = client("s3", cloud.environment["AWS_ENDPOINT_URL"])
        s3.create_bucket(Bucket=BUCKET)
        containers = Containers(processes, s3, tmp_path / "models", services.serving)
        archive, digest = make_archive(tmp_path, "1.0.0")
        first = containers.start(archive)
        shim = SagemakerShim(processes, {ENDPOINT: first.port}).start()
        endpoint = BlueGreenEndpoint(ENDPOINT, "first", first, shim, containers)
        with ControlServer(SagemakerControl([endpoint])) as server:
            sagemaker = client("sagemaker", server.environment["AWS_ENDPOINT_URL_SAGEMAKER"])
            ports = agent_ports(S3Store(s3, BUCKET), sagemaker)
            register(ports, archive, tmp_path)
            clients = [client("sagemaker-runtime", shim.endpoint_url) for _ in range(CALLERS)]
            yield Scene(ports, digest, endpoint, clients, tmp_path)


def client(service: Any, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def agent_ports(store: S3Store, sagemaker: Any) -> Ports:
    spec = EndpointSpec(ENDPOINT, BUCKET)
    return Ports(
        store=store,
        jobs=FakeJobs(),
        deployment=SageMakerDeployment(sagemaker, store, spec),
        open_model=open_model,
        base_data=lambda: LabelledComplaints((), (), ()),
        policy=Policy(promotion=PromotionPolicy(bake_minutes=0, bake_min_rows=0)),
        now=lambda: datetime.now(UTC),
    )


def register(ports: Ports, archive: Path, folder: Path) -> None:
    texts = tuple(f"about my {words[0]}" for words in KEYWORDS.values())
    holdout = LabelledComplaints(texts, LABEL_SCHEMA.names, texts)
    artifact = unpack_artifact(archive, folder / "registered")
    model = FirstModel(archive, artifact, OnnxScorer(artifact), holdout, None, "test")
    register_first(ports.store, model, BEFORE)


def test_a_promotion_and_its_roll_back_lose_no_request(scene: Scene) -> None:
    archive, digest = make_archive(scene.folder, "2.0.0")
    state = scene.candidate(archive.read_bytes(), digest)
    first_port = scene.endpoint.port

    with scene.requests() as requests:
        requests.wait_for_more()
        scene.promote(state)
        promoted = require_champion(scene.ports.store).champion
        requests.wait_for_more()
        order = RollBackOrder("ana", "it is rude", None)
        roll_back(scene.ports, scene.lease(), scene.look_again, order)
        requests.wait_for_more()

    assert requests.lost == []
    for caller in requests.callers:
        assert caller.seen() == [scene.champion_digest, digest, scene.champion_digest]
    assert promoted.model_digest == digest
    assert require_champion(scene.ports.store).champion.model_digest == scene.champion_digest
    assert scene.endpoint.port == first_port  # it was kept warm
    assert decisions(scene) == ["register", "promote", "roll_back"]


def test_a_candidate_that_cannot_be_served_leaves_the_champion_serving(scene: Scene) -> None:
    state = scene.candidate(b"not an archive", "b" * 64)

    with scene.requests() as requests:
        requests.wait_for_more()
        done = scene.promote(state)
        requests.wait_for_more()

    assert requests.lost == []
    assert {digest for c in requests.callers for digest in c.digests} == {scene.champion_digest}
    assert done.verdict == "the deployment failed"
    assert decisions(scene) == ["register", "keep"]


def decisions(scene: Scene) -> list[str]:
    return [entry.decision for entry in LedgerStore(scene.ports.store).entries()]
