"""Shadow variants of a SageMaker endpoint, and what CloudWatch counted of them.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-shadow-deployment.html. Not run against AWS
yet: the endpoint calls meet a fake, the metrics moto.
"""

from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.errors import TransientError
from services.retraining_agent.live_endpoint import SHADOW_VARIANT
from services.retraining_agent.sagemaker_deployment import SageMakerDeployment
from services.retraining_agent.shadow import ShadowTraffic, VariantTraffic

NAMESPACE = "AWS/SageMaker"
_PERIOD_SECONDS = 60
_MICROSECOND = 1e-6  # the unit of ModelLatency


class CloudWatch(Protocol):
    """The one call of the CloudWatch client that is needed."""

    def get_metric_statistics(self, **request: Any) -> Any: ...


class SageMakerShadow:
    """ShadowDeployment on the endpoint of a SageMakerDeployment."""

    def __init__(
        self, deployment: SageMakerDeployment, cloudwatch: CloudWatch, share: float
    ) -> None:
        self._deployment = deployment
        self._cloudwatch = cloudwatch
        self._share = share

    def advance(self, candidate: Release, champion: Release) -> DeployStatus:
        return self._deployment.advance_shadow(candidate, champion, self._share)

    def traffic(self, since: datetime, until: datetime) -> ShadowTraffic:
        return ShadowTraffic(
            champion=self._variant(self._deployment.live_variant(), since, until),
            candidate=self._variant(SHADOW_VARIANT, since, until),
        )

    def _variant(self, variant: str, since: datetime, until: datetime) -> VariantTraffic:
        def points(metric: str) -> list[dict[str, float]]:
            return self._points(metric, variant, since, until)

        latencies = points("ModelLatency")
        answered = sum(point["SampleCount"] for point in latencies)
        latency = sum(point["Sum"] for point in latencies) * _MICROSECOND
        return VariantTraffic(
            requests=int(sum(point["Sum"] for point in points("Invocations"))),
            errors=int(sum(point["Sum"] for point in points("Invocation5XXErrors"))),
            mean_latency_seconds=latency / answered if answered else 0.0,
        )

    def _points(
        self, metric: str, variant: str, since: datetime, until: datetime
    ) -> list[dict[str, float]]:
        dimensions = {"EndpointName": self._deployment.endpoint, "VariantName": variant}
        try:
            answer = self._cloudwatch.get_metric_statistics(
                Namespace=NAMESPACE,
                MetricName=metric,
                Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
                StartTime=since,
                EndTime=until,
                Period=_PERIOD_SECONDS,
                Statistics=["Sum", "SampleCount"],
            )
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"CloudWatch metric {metric} of {variant}: {error}") from error
        return list(answer["Datapoints"])
