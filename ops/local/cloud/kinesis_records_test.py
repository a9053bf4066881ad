from __future__ import annotations

import json

from ops.local.cloud.kinesis_records import Record, Source, lambda_event, lane_of
from ops.local.cloud.mapping_fakes import EPOCH, STREAM_ARN


def test_an_event_looks_as_lambda_sends_it() -> None:
    record = Record("4959", "key", b"Hello, this is a test.", EPOCH + 0.987)

    event = lambda_event(Source(STREAM_ARN, "shardId-000000000006"), [record])

    assert event["Records"] == [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "key",
                "sequenceNumber": "4959",
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": EPOCH + 0.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000006:4959",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/local-lambda",
            "awsRegion": "eu-west-1",
            "eventSourceARN": STREAM_ARN,
        }
    ]


def test_the_estimated_size_is_never_below_the_real_one() -> None:
    record = Record("1" * 56, "\u00e9" * 256, bytes(1001), EPOCH + 0.123456)

    event = lambda_event(Source(STREAM_ARN, "shardId-000000000000"), [record])

    assert len(json.dumps(event)) <= record.payload_bytes


def test_a_partition_key_always_falls_to_the_same_lane() -> None:
    keys = [f"key-{n}" for n in range(1000)]

    lanes = [[lane_of(key, 4) for key in keys] for _ in range(2)]

    assert lanes[0] == lanes[1]


def test_partition_keys_spread_over_all_lanes() -> None:
    lanes = [lane_of(f"key-{n}", 4) for n in range(1000)]

    assert min(lanes.count(lane) for lane in range(4)) > 200
