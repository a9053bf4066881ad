"""What the SageMaker Pipeline does: train, export, verify, evaluate, register. Built by the SDK,
which is large: imported only where a pipeline is configured.

The images are those of trainer, exporter and serving; the agent knows their command lines and
nothing else of them.
"""

import shlex
from dataclasses import dataclass

import boto3
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.workflow.functions import Join
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep, TrainingStep

from services.retraining_agent.sagemaker_pipeline import PipelineSpec

# The SDK reports its use to AWS unless told not to.
_NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}
_INPUT = "/opt/ml/processing/input"
_OUTPUT = "/opt/ml/processing/output"
_TYPES = ["application/json", "application/jsonlines", "text/csv"]
_MAX_SECONDS = 6 * 3600


@dataclass(frozen=True)
class _Parameters:
    """What differs from one execution to the next."""

    training_set: ParameterString
    holdout: ParameterString
    champion: ParameterString
    output: ParameterString
    version: ParameterString

    @property
    def artifact(self) -> Join:
        return Join(on="/", values=[self.output, "model.tar.gz"])


class PipelineBuilder:
    """Builds the definition for one set of images."""

    def __init__(self, session: boto3.Session, spec: PipelineSpec) -> None:
        self._spec = spec
        self._session = PipelineSession(
            boto_session=session, default_bucket=spec.bucket, sagemaker_config=_NO_TELEMETRY
        )
        self._parameters = _Parameters(
            *(
                ParameterString(name=name)
                for name in ("TrainingSet", "Holdout", "Champion", "Output", "Version")
            )
        )

    def definition(self) -> str:
        """Return the pipeline as SageMaker's JSON, the same for the same spec."""
        train = self._train()
        export = self._export(train)
        verify, evaluate = self._verify(export), self._evaluate(export)
        register = self._register([verify, evaluate])
        parameters = self._parameters
        pipeline = Pipeline(
            name=self._spec.name,
            parameters=list(vars(parameters).values()),
            steps=[train, export, verify, evaluate, register],
            sagemaker_session=self._session,
        )
        return str(pipeline.definition())

    def _train(self) -> TrainingStep:
        estimator = Estimator(
            image_uri=self._spec.trainer_image,
            role=self._spec.role_arn,
            instance_count=1,
            instance_type=self._spec.training_instance,
            volume_size=50,
            max_run=_MAX_SECONDS,
            output_path=self._parameters.output,
            disable_profiler=True,
            debugger_hook_config=False,
            sagemaker_session=self._session,
        )
        channels = {"training": TrainingInput(self._parameters.training_set)}
        return TrainingStep(name="Train", step_args=estimator.fit(channels))

    def _export(self, train: TrainingStep) -> ProcessingStep:
        """Export, quantise, verify against the checkpoint, and pack; or fail."""
        unpack = f"mkdir /tmp/checkpoint && tar -xzf {_INPUT}/checkpoint/* -C /tmp/checkpoint"
        export = self._exporter("export", "/tmp/checkpoint", "--to", _OUTPUT)
        rest = f'--version "$VERSION" --narratives {_INPUT}/holdout/*'
        inputs = {
            "checkpoint": train.properties.ModelArtifacts.S3ModelArtifacts,
            "holdout": self._parameters.holdout,
        }
        return self._processing("Export", f"{unpack} && {export} {rest}", inputs)

    def _verify(self, export: ProcessingStep) -> ProcessingStep:
        """Check every digest of the artifact as it came out of S3."""
        command = self._exporter("inspect", f"{_INPUT}/artifact/model.tar.gz", "--json")
        inputs = {"artifact": self._parameters.artifact}
        return self._processing("Verify", f"{command} > {_OUTPUT}/artifact.json", inputs, [export])

    def _evaluate(self, export: ProcessingStep) -> ProcessingStep:
        """Compare champion and candidate on the holdout: answers, size, latency."""
        models = (f"{_INPUT}/champion/model.tar.gz", f"{_INPUT}/artifact/model.tar.gz")
        compare = self._exporter("compare", *models, "--json")
        command = f"{compare} --narratives {_INPUT}/holdout/* > {_OUTPUT}/evaluation.json"
        inputs = {
            "champion": self._parameters.champion,
            "artifact": self._parameters.artifact,
            "holdout": self._parameters.holdout,
        }
        return self._processing("Evaluate", command, inputs, [export])

    def _register(self, after: list[ProcessingStep]) -> ModelStep:
        """Enter the candidate in the Model Registry. Whether it is served is the agent's word."""
        model = Model(
            image_uri=self._spec.serving_image,
            model_data=self._parameters.artifact,
            role=self._spec.role_arn,
            sagemaker_session=self._session,
        )
        package = model.register(
            content_types=_TYPES,
            response_types=_TYPES,
            model_package_group_name=self._spec.model_package_group,
            approval_status="PendingManualApproval",
        )
        return ModelStep(name="Register", step_args=package, depends_on=after)

    def _processing(
        self,
        name: str,
        command: str,
        inputs: dict[str, object],
        after: list[ProcessingStep] | None = None,
    ) -> ProcessingStep:
        processor = Processor(
            role=self._spec.role_arn,
            image_uri=self._spec.exporter_image,
            instance_count=1,
            instance_type=self._spec.processing_instance,
            entrypoint=["sh", "-euc", command],
            env={"VERSION": self._parameters.version},
            max_runtime_in_seconds=_MAX_SECONDS,
            sagemaker_session=self._session,
        )
        arguments = processor.run(
            inputs=[
                ProcessingInput(source=place, destination=f"{_INPUT}/{channel}", input_name=channel)
                for channel, place in inputs.items()
            ],
            outputs=[
                ProcessingOutput(
                    source=_OUTPUT, destination=self._parameters.output, output_name="output"
                )
            ],
        )
        return ProcessingStep(name=name, step_args=arguments, depends_on=after)

    def _exporter(self, *arguments: str) -> str:
        return f"{self._spec.exporter_command} {shlex.join(arguments)}"
