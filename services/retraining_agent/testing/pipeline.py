"""A pipeline's settings, and the steps of its definition as the SageMaker SDK writes them."""

import json
from typing import Any

import pytest
from moto import mock_aws

from services.retraining_agent.sagemaker_pipeline import PipelineSpec, sdk_definition

SPEC = PipelineSpec(
    name="retraining",
    role_arn="arn:aws:iam::123456789012:role/pipeline",
    bucket="bucket",
    trainer_image="trainer",
    exporter_image="exporter",
    serving_image="serving",
    model_package_group="complaints",
)


def pipeline_steps() -> dict[str, dict[str, Any]]:
    """Return the arguments of each step by its name."""
    with pytest.MonkeyPatch.context() as monkeypatch, mock_aws():
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        document = json.loads(sdk_definition(SPEC))
    return {step["Name"]: step["Arguments"] for step in document["Steps"]}
