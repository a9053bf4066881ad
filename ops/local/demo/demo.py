"""The whole loop on one machine: what is started, and in which order."""

import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import LOOPBACK, Processes, claim_port
from ops.local.cloud.sagemaker_shim import SagemakerShim
from ops.local.demo import services
from ops.local.demo.agent_steps import AgentSteps, Decision
from ops.local.demo.cloud import Cloud, copy_bucket, open_cloud
from ops.local.demo.complaints import write_labelled
from ops.local.demo.inputs import Inputs
from ops.local.demo.log_watcher import LogWatcher
from ops.local.demo.options import DemoOptions
from ops.local.demo.producer import Producer
from ops.local.demo.running import run_to_end, start_server
from ops.local.demo.screen import Screen
from ops.local.demo.streaming import Streaming, StreamResult
from ops.local.demo.summary import Summary
from ops.local.demo.workspace import Workspace
from ops.local.monitor.prometheus import Ports, Watched, start_monitoring


@dataclass(frozen=True)
class Outcome:
    """What the steps of one run came to."""

    result: StreamResult
    reviews: int
    decision: Decision
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
        self._serve(artifact, serving_port)
        agent = AgentSteps(self.processes, self.screen, self.workspace, cloud.environment)
        agent.register(artifact, self.inputs.holdout)
        self._connect(cloud, serving_port)
        result = self._stream(cloud)
        reviews = agent.review(result)
        decision = agent.decide()
        self._keep(cloud, serving_port)
        outcome = Outcome(result, reviews, decision, time.monotonic() - started)
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
        if self.options.artifact is not None:
            return self.options.artifact.absolute()
        workspace = self.workspace
        title = f"Train a model on {len(self.inputs.training)} complaints"
        with self.screen.step(title) as update:
            write_labelled(self.inputs.training, workspace.training_data)
            spec = services.trainer(workspace, self.options.seed)
            run_to_end(self.processes, spec, update)
        with self.screen.step("Export, quantise, verify and pack it") as update:
            spec = services.exporter(workspace.checkpoint, workspace.export, workspace.folder.name)
            run_to_end(self.processes, spec, update)
        return workspace.artifact

    def _serve(self, artifact: Path, port: int) -> None:
        with self.screen.step(f"Serve it on http://{LOOPBACK}:{port}"):
            start_server(self.processes, services.serving(artifact, port), port)

    def _connect(self, cloud: Cloud, serving_port: int) -> None:
        with self.screen.step("Connect stream, Lambda consumer and endpoint"):
            shim = SagemakerShim(self.processes, {services.ENDPOINT: serving_port}).start()
            environment = {**cloud.environment, **shim.environment}
            self.processes.start(
                services.consumer_mapping(self.workspace, cloud.queue_url, environment)
            )

    def _stream(self, cloud: Cloud) -> StreamResult:
        producer = Producer(cloud.kinesis, services.STREAM, self.inputs.stream(), self.options.rate)
        watcher = LogWatcher(cloud.s3, services.BUCKET)
        return Streaming(producer, watcher, self.screen).run(self.inputs.count)

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
            seconds=outcome.seconds,
            places=self._places(serving_port),
        )

    def _places(self, serving_port: int) -> dict[str, str]:
        workspace = self.workspace
        artifact = self.options.artifact or workspace.artifact
        return {
            "artifact": str(artifact.absolute()),
            "prediction log": str(workspace.bucket_copy / "predictions"),
            "reviews": str(workspace.bucket_copy / "reviews"),
            "ledger": str(workspace.bucket_copy / "registry" / "ledger"),
            "agent's report": str(workspace.agent_report),
            "metrics, as scraped at the end": str(workspace.metrics),
            "metrics address, while it runs": f"http://{LOOPBACK}:{serving_port}/metrics",
            "logs of every service": str(workspace.logs),
        }
