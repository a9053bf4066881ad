"""The whole loop on one machine: what is started, and in which order."""

import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ops.local.cloud.blue_green import BlueGreenEndpoint
from ops.local.cloud.containers import Container, Containers, digest_of
from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import LOOPBACK, Processes, claim_port
from ops.local.cloud.sagemaker_control import ControlServer, SagemakerControl
from ops.local.cloud.sagemaker_shim import SagemakerShim
from ops.local.demo import services
from ops.local.demo.agent_steps import AgentSteps, Decision
from ops.local.demo.cloud import Cloud, copy_bucket, open_cloud
from ops.local.demo.complaints import Complaint, repeat_to, write_labelled
from ops.local.demo.inputs import Inputs
from ops.local.demo.log_watcher import LogWatcher
from ops.local.demo.options import RELEASED, DemoOptions
from ops.local.demo.producer import Producer
from ops.local.demo.retraining import Retraining, RetrainingSteps
from ops.local.demo.running import run_to_end, start_server
from ops.local.demo.scraped_router import ScrapedRouter
from ops.local.demo.screen import Screen
from ops.local.demo.streaming import Streaming, StreamResult
from ops.local.demo.summary import Summary
from ops.local.demo.workspace import Workspace
from ops.local.monitor.prometheus import Ports, Watched, start_monitoring

STREAMED_AFTER = 100
"""Complaints that a retrained model is watched on; the policy asks for some of them."""


@dataclass(frozen=True)
class Outcome:
    """What the steps of one run came to."""

    artifact: Path
    """Of the model that was served first."""
    result: StreamResult
    reviews: int
    decision: Decision
    retraining: Retraining | None
    seconds: float


@dataclass(frozen=True)
class Demo:
    """One run. Every process that it starts belongs to `processes` and ends with it."""

    options: DemoOptions
    inputs: Inputs
    workspace: Workspace
    processes: Processes
    screen: Screen

    def run(self) -> Summary:
        """Run the loop once; raises DemoError."""
        started = time.monotonic()
        serving_port = claim_port("serving", self.options.serving_port)
        cloud = self._watched(self._start_cloud(), serving_port)
        artifact = self._make_artifact()
        first = self._serve(artifact, serving_port)
        agent = AgentSteps(self.processes, self.screen, self.workspace, cloud.environment)
        agent.register(artifact, self.inputs.holdout)
        shim = self._connect(cloud, serving_port)
        watcher = LogWatcher(cloud.s3, services.BUCKET)
        result = self._stream(cloud, watcher, self.inputs.stream(), self.inputs.count)
        reviews = agent.review(result)
        retraining: Retraining | None = None
        if self.options.is_retraining:
            retraining, serving_port = self._retrain(cloud, first, shim, watcher)
        decision = retraining.decision if retraining else agent.decide()
        self._keep(cloud, serving_port)
        seconds = time.monotonic() - started
        outcome = Outcome(artifact, result, reviews, decision, retraining, seconds)
        return self._summarise(outcome, serving_port)

    def _start_cloud(self) -> Cloud:
        with self.screen.step("Start the local cloud: S3, Kinesis, SQS"):
            ministack = Ministack(self.processes).start()
            return open_cloud(ministack.environment)

    def _watched(self, cloud: Cloud, serving_port: int) -> Cloud:
        """Start Prometheus if asked to, and return the cloud with what the agent has to know."""
        if not self.options.is_monitored:
            return cloud
        ports = Ports.around(serving_port)
        with self.screen.step("Start Prometheus"):
            watched = Watched(ports, self.workspace.function_log)
            start_monitoring(self.processes, watched, self.workspace.monitor)
        self.screen.note(f"Prometheus: {ports.prometheus_url}")
        return replace(cloud, environment={**cloud.environment, **ports.environment})

    def _make_artifact(self) -> Path:
        workspace, served = self.workspace, self.options.served
        if served == RELEASED:
            # A copy, since `./pants run` reads the repository from a folder that it deletes.
            workspace.export.mkdir(parents=True)
            return Path(shutil.copy(RELEASED, workspace.artifact))
        if served is not None:
            return served
        title = f"Train a model on {len(self.inputs.training)} complaints"
        with self.screen.step(title) as update:
            write_labelled(self.inputs.training, workspace.training_data)
            spec = services.trainer(workspace, self.options.seed)
            run_to_end(self.processes, spec, update)
        with self.screen.step("Export, quantise, verify and pack it") as update:
            spec = services.exporter(workspace.checkpoint, workspace.export, workspace.folder.name)
            run_to_end(self.processes, spec, update)
        return workspace.artifact

    def _serve(self, artifact: Path, port: int) -> Container:
        with self.screen.step(f"Serve it on http://{LOOPBACK}:{port}"):
            child = start_server(self.processes, services.serving(artifact, port), port)
        return Container(port, digest_of(artifact), child)

    def _connect(self, cloud: Cloud, serving_port: int) -> SagemakerShim:
        with self.screen.step("Connect stream, Lambda consumer and endpoint"):
            shim = SagemakerShim(self.processes, {services.ENDPOINT: serving_port}).start()
            environment = {**cloud.environment, **shim.environment}
            self.processes.start(
                services.consumer_mapping(self.workspace, cloud.queue_url, environment)
            )
        return shim

    def _stream(
        self, cloud: Cloud, watcher: LogWatcher, complaints: Iterator[Complaint], count: int
    ) -> StreamResult:
        producer = Producer(cloud.kinesis, services.STREAM, complaints, self.options.rate)
        return Streaming(producer, watcher, self.screen).run(count)

    def _retrain(
        self, cloud: Cloud, first: Container, shim: SagemakerShim, watcher: LogWatcher
    ) -> tuple[Retraining, int]:
        """Let the agent act; return what came of it, and the port of what serves then."""
        write_labelled(self.inputs.training, self.workspace.training_data)
        containers = Containers(self.processes, cloud.s3, self.workspace.models, services.serving)
        router = ScrapedRouter(shim, self.workspace.monitor) if self.options.is_monitored else shim
        endpoint = BlueGreenEndpoint(services.ENDPOINT, "first", first, router, containers)
        with ControlServer(SagemakerControl([endpoint])) as api:
            spec = services.agent(
                *("run", "--once", "--json", "--report", str(self.workspace.agent_report)),
                *("--request", "the demo was asked to retrain"),
                cloud={**cloud.environment, **api.environment},
                settings=services.retraining_settings(self.workspace, self.options.seed),
            )
            steps = RetrainingSteps(self.processes, self.screen, cloud.s3, services.BUCKET)
            retraining = steps.run(spec, lambda: self._stream_more(cloud, watcher))
            return retraining, endpoint.port

    def _stream_more(self, cloud: Cloud, watcher: LogWatcher) -> StreamResult:
        complaints = (
            replace(each, complaint_id=f"{each.complaint_id}-after")
            for each in repeat_to(self.inputs.streamed, STREAMED_AFTER)
        )
        return self._stream(cloud, watcher, complaints, STREAMED_AFTER)

    def _keep(self, cloud: Cloud, serving_port: int) -> None:
        with self.screen.step("Keep the log, the reviews, the ledger and the metrics"):
            copy_bucket(cloud.s3, self.workspace.bucket_copy)
            url = f"http://{LOOPBACK}:{serving_port}/metrics"
            with urllib.request.urlopen(url, timeout=5) as answer:
                self.workspace.metrics.write_bytes(answer.read())

    def _summarise(self, outcome: Outcome, serving_port: int) -> Summary:
        result = outcome.result
        return Summary(
            sent=len(result.sent),
            logged=result.stats.logged,
            rejected=result.rejected,
            repeats_in_log=result.stats.repeats,
            accuracy_against_given_labels=result.agreement,
            throughput_per_second=result.stats.logged / result.seconds,
            latency_p50_seconds=result.stats.latency_quantile(50),
            latency_p95_seconds=result.stats.latency_quantile(95),
            labels=dict(result.stats.labels),
            waiting_for_review=len(result.stats.waiting),
            reviews_filled=outcome.reviews,
            decision=outcome.decision.name,
            decision_reason=outcome.decision.reason,
            retraining=outcome.retraining,
            seconds=outcome.seconds,
            places=self._places(outcome.artifact, serving_port),
        )

    def _places(self, artifact: Path, serving_port: int) -> dict[str, str]:
        workspace = self.workspace
        return {
            "artifact": str(artifact),
            "prediction log": str(workspace.bucket_copy / "predictions"),
            "reviews": str(workspace.bucket_copy / "reviews"),
            "ledger": str(workspace.bucket_copy / "registry" / "ledger"),
            "agent's report": str(workspace.agent_report),
            "metrics, as scraped at the end": str(workspace.metrics),
            "metrics address, while it runs": f"http://{LOOPBACK}:{serving_port}/metrics",
            "logs of every service": str(workspace.logs),
        }
