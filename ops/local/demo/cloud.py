"""The demo's AWS: clients for the local cloud, and the stream, bucket and queue in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from ops.local.demo.services import BUCKET, QUEUE, STREAM

SHARDS = 2


@dataclass(frozen=True)
class Cloud:
    """Clients, and the variables with which a child process gets its own."""

    environment: Mapping[str, str]
    s3: Any
    kinesis: Any
    queue_url: str


def open_cloud(environment: Mapping[str, str]) -> Cloud:
    """Create bucket, stream and queue behind the endpoint that `environment` names."""
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    config = Config(proxies={}, retries={"mode": "standard", "max_attempts": 5})

    def client(service: Any) -> Any:
        return session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"], config=config)

    s3, kinesis, sqs = client("s3"), client("kinesis"), client("sqs")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    kinesis.create_stream(StreamName=STREAM, ShardCount=SHARDS)
    kinesis.get_waiter("stream_exists").wait(
        StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    queue_url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    return Cloud(environment, s3, kinesis, queue_url)


def copy_bucket(s3: Any, folder: Path) -> int:
    """Copy every object of the bucket below `folder` and return how many there are."""
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", ()):
            target = folder / item["Key"]
            target.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(BUCKET, item["Key"], str(target))
            count += 1
    return count
