from typing import Any

import pytest

from libs.metrics.contract import RECORDS
from ops.aws.template import Rendering, load, parts, resources, settings_of
from ops.local.cloud.mapping_settings import MappingSettings
from services.retraining_agent.sagemaker_deployment import EndpointSpec, deployment_config
from services.stream_consumer.settings import Settings
from services.stream_consumer.telemetry import NAMESPACE, SERVICE

SERVICES = ("serving", "stream_consumer", "retraining_agent")
BUCKETS = [(part, name) for part in parts() for name in resources(part, "AWS::S3::Bucket")]


def rendered(part: str, kind: str) -> list[dict[str, Any]]:
    rendering = Rendering(part, {"Environment": "prod"})
    return [rendering.render(each) for each in resources(part, kind).values()]


def function() -> dict[str, Any]:
    return rendered("stream_consumer", "AWS::Serverless::Function")[0]


def mapping() -> dict[str, Any]:
    properties: dict[str, Any] = function()["Events"]["Complaints"]["Properties"]
    return properties


def imports(value: Any) -> list[str]:
    """Return all names of exports that a template asks for."""
    match value:
        case {"Fn::ImportValue": name}:
            return [Rendering("data", {"Environment": "prod"}).render(name)]
        case dict():
            return [name for each in value.values() for name in imports(each)]
        case list():
            return [name for each in value for name in imports(each)]
    return []


@pytest.mark.parametrize(("part", "name"), BUCKETS)
def test_a_bucket_is_closed_to_the_public_encrypted_and_never_deleted(part: str, name: str) -> None:
    resource = load(part)["Resources"][name]
    properties = resource["Properties"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert properties["LifecycleConfiguration"]["Rules"]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize(("part", "name"), BUCKETS)
def test_a_bucket_refuses_requests_without_tls(part: str, name: str) -> None:
    policies = resources(part, "AWS::S3::BucketPolicy").values()
    own = [each for each in policies if each["Bucket"] == {"Ref": name}]

    denied = [each for each in own[0]["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]

    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied[0]["Principal"] == "*"
    assert {"Fn::GetAtt": [name, "Arn"]} in denied[0]["Resource"]
    assert {"Fn::Sub": f"${{{name}.Arn}}/*"} in denied[0]["Resource"]


def test_the_prediction_log_is_versioned_and_locked() -> None:
    bucket = resources("data", "AWS::S3::Bucket")["DataBucket"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["ObjectLockEnabled"] is True
    assert set(bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]) == {"Mode", "Days"}


def test_one_bad_record_cannot_block_a_shard() -> None:
    settings = mapping()

    assert settings["BisectBatchOnFunctionError"] is True
    assert settings["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < settings["MaximumRetryAttempts"] <= 100
    assert settings["DestinationConfig"]["OnFailure"]["Type"] == "SQS"


def test_the_local_cloud_takes_the_settings_of_the_mapping() -> None:
    settings = mapping()

    local = MappingSettings(
        batch_size=settings["BatchSize"],
        maximum_batching_window_seconds=settings["MaximumBatchingWindowInSeconds"],
        maximum_retry_attempts=settings["MaximumRetryAttempts"],
        maximum_record_age_seconds=settings["MaximumRecordAgeInSeconds"],
        parallelization_factor=settings["ParallelizationFactor"],
        starting_position=settings["StartingPosition"],
    )

    assert local.starting_position == "TRIM_HORIZON"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_stream_still_has_what_lambda_gave_up_for_days(environment: str) -> None:
    retention_hours = int(settings_of(environment)["data"]["StreamRetentionHours"])

    assert retention_hours * 3600 - mapping()["MaximumRecordAgeInSeconds"] >= 3 * 24 * 3600


def test_the_function_has_time_for_a_call_and_for_the_log() -> None:
    settings = Settings("endpoint", "bucket")

    least = settings.endpoint_timeout_seconds + settings.reserve_seconds

    assert function()["Timeout"] >= 2 * least


def test_the_agent_and_the_stack_update_the_endpoint_by_the_same_canary() -> None:
    alarms = ("complaints-prod-serving-errors", "complaints-prod-serving-latency")
    agent = deployment_config(EndpointSpec("complaints-prod", "bucket", alarms))

    stack = rendered("serving", "AWS::SageMaker::Endpoint")[0]["DeploymentConfig"]

    limit = stack["BlueGreenUpdatePolicy"].pop("MaximumExecutionTimeoutInSeconds")
    assert stack == agent
    assert limit >= 2 * agent["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"]


def test_every_alarm_that_rolls_back_exists_and_watches_the_live_variant() -> None:
    endpoint = rendered("serving", "AWS::SageMaker::Endpoint")[0]
    alarms = {each["AlarmName"]: each for each in rendered("serving", "AWS::CloudWatch::Alarm")}
    rolls_back = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    variant = rendered("serving", "AWS::SageMaker::EndpointConfig")[0]["ProductionVariants"][0]

    watched = [
        metric["MetricStat"]["Metric"]["Dimensions"]
        for name in rolls_back
        for metric in alarms[name["AlarmName"]]["Metrics"]
        if "MetricStat" in metric
    ]

    expected = [
        {"Name": "EndpointName", "Value": endpoint["EndpointName"]},
        {"Name": "VariantName", "Value": variant["VariantName"]},
    ]
    assert len(watched) == 3
    assert all(dimensions == expected for dimensions in watched)


def test_autoscaling_follows_concurrent_requests_of_the_live_variant() -> None:
    endpoint = rendered("serving", "AWS::SageMaker::Endpoint")[0]["EndpointName"]
    target = rendered("serving", "AWS::ApplicationAutoScaling::ScalableTarget")[0]
    policy = rendered("serving", "AWS::ApplicationAutoScaling::ScalingPolicy")[0]

    tracking = policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]

    assert target["ResourceId"] == f"endpoint/{endpoint}/variant/champion"
    assert tracking["PredefinedMetricType"].startswith("SageMakerVariantConcurrentRequestsPerModel")


def test_the_alarm_on_rejected_records_asks_for_the_metric_that_the_consumer_writes() -> None:
    alarms = {
        each["AlarmName"]: each for each in rendered("stream_consumer", "AWS::CloudWatch::Alarm")
    }

    alarm = alarms["complaints-prod-stream-consumer-rejected"]

    assert (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, RECORDS.name)
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": SERVICE},
        {"Name": "outcome", "Value": "rejected"},
    ]


@pytest.mark.parametrize("part", parts())
def test_an_alarm_tells_somebody(part: str) -> None:
    for alarm in rendered(part, "AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == ["complaints-prod-alarm-topic"]


def test_a_service_deploys_alone_since_stacks_import_from_the_data_alone() -> None:
    outputs = load("data")["Outputs"].values()
    exported = {
        Rendering("data", {"Environment": "prod"}).render(each["Export"]["Name"])
        for each in outputs
    }

    for part in parts():
        assert set(imports(load(part))) <= exported
    for part in SERVICES:
        assert imports(load(part))
        assert "Outputs" not in load(part)
