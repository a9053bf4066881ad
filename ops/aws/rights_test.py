import re
from functools import cache
from typing import Any

import pytest

from ops.aws.template import Rendering, load, parts, resources

# AWS has no narrower resource for these; the pages of the service authorization reference say so.
WITHOUT_RESOURCES = {
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "cloudformation:ListExports",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "kinesis:ListStreams",
    "logs:DescribeLogGroups",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def roles() -> dict[str, dict[str, Any]]:
    """Return all roles of all stacks, by the names that AWS will know."""
    rendered = (
        Rendering(part, {"Environment": "prod"}).render(role)
        for part in parts()
        for role in resources(part, "AWS::IAM::Role").values()
    )
    return {role["RoleName"]: role for role in rendered}


def statements(role: str) -> list[dict[str, Any]]:
    policies = roles()[role]["Policies"]
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def actions(role: str) -> set[str]:
    return {action for each in statements(role) for action in as_list(each["Action"])}


@pytest.mark.parametrize("role", sorted(roles()))
def test_no_action_has_an_asterisk(role: str) -> None:
    assert not [action for action in actions(role) if "*" in action]


@pytest.mark.parametrize("role", sorted(roles()))
def test_resources_are_named_unless_aws_has_no_names_for_them(role: str) -> None:
    for statement in statements(role):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= WITHOUT_RESOURCES


@pytest.mark.parametrize("role", sorted(roles()))
def test_a_role_is_passed_to_one_service_alone(role: str) -> None:
    for statement in statements(role):
        if "iam:PassRole" in as_list(statement["Action"]):
            assert as_list(statement["Action"]) == ["iam:PassRole"]
            assert set(statement["Condition"]["StringEquals"]) == {"iam:PassedToService"}


@pytest.mark.parametrize("role", sorted(roles()))
def test_a_role_makes_no_roles_and_has_no_policy_that_is_not_here(role: str) -> None:
    assert {action for action in actions(role) if action.startswith("iam:")} <= {"iam:PassRole"}
    assert "ManagedPolicyArns" not in roles()[role]


def test_every_role_that_a_stack_names_is_there() -> None:
    known = set(roles())

    for part in parts():
        text = str(Rendering(part, {"Environment": "prod"}).render(resources_of(part)))
        assert set(re.findall(r"role/([a-z-]+)", text)) <= known


def resources_of(part: str) -> list[dict[str, Any]]:
    return [each.get("Properties", {}) for each in load(part)["Resources"].values()]


SERVICES = ["serving", "stream-consumer", "retraining-agent", "trainer", "onnx-exporter"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_pipeline_is_trusted_for_one_github_environment_of_one_repository(service: str) -> None:
    role = Rendering("delivery", {"Repository": "bank/complaints"}).render(
        roles()[f"complaints-prod-deploy-{service}"]
    )

    conditions = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]

    subject = "token.actions.githubusercontent.com:sub"
    assert set(conditions) == {"StringEquals"}
    assert conditions["StringEquals"][subject].endswith(f":environment:prod-{service}")


@pytest.mark.parametrize(
    ("service", "images"), [("trainer", "TrainerImages"), ("onnx-exporter", "ExporterImages")]
)
def test_the_pipeline_of_an_image_pushes_it_and_changes_the_schedule_alone(
    service: str, images: str
) -> None:
    role = f"complaints-prod-deploy-{service}"

    (pushed,) = (each for each in statements(role) if "ecr:PutImage" in as_list(each["Action"]))
    changed = {action for action in actions(role) if not action.startswith(("ecr:", "kms:"))}

    assert pushed["Resource"] == f"{images}.Arn"
    assert changed == {
        *("cloudformation:DescribeStacks", "cloudformation:ListExports"),
        *("cloudformation:UpdateStack", "iam:PassRole"),
        *("scheduler:GetSchedule", "scheduler:UpdateSchedule"),
    }


def test_the_consumer_may_do_what_it_does_and_delete_nothing() -> None:
    rights = actions("complaints-prod-stream-consumer")

    assert {"sagemaker:InvokeEndpoint", "s3:PutObject", "s3:GetObject", "s3:ListBucket"} <= rights
    assert {"kinesis:GetRecords", "sqs:SendMessage"} <= rights
    assert not [action for action in rights if "Delete" in action]


def test_the_agent_may_read_what_a_release_copies_and_pass_the_role_of_the_live_model() -> None:
    (model,) = resources("serving", "AWS::SageMaker::Model").values()
    (serving,) = (
        name
        for name, role in resources("roles", "AWS::IAM::Role").items()
        if model["ExecutionRoleArn"]["Fn::Sub"].endswith(role["RoleName"]["Fn::Sub"])
    )

    allowed = statements("complaints-prod-retraining-agent")
    passed = [each["Resource"] for each in allowed if each["Action"] == "iam:PassRole"]

    described = {f"sagemaker:Describe{each}" for each in ("Endpoint", "EndpointConfig", "Model")}
    assert described <= actions("complaints-prod-retraining-agent")
    assert passed == [["TrainingRole.Arn", f"{serving}.Arn"]]


def test_nobody_may_pass_over_the_object_lock() -> None:
    for role in roles():
        assert not actions(role) & {"s3:BypassGovernanceRetention", "s3:PutObjectRetention"}
