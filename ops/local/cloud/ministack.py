"""S3, Kinesis, SQS and CloudWatch on a loopback port: the ministack server as a child process."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from ops.local.cloud.processes import LOOPBACK, Child, Processes, ProcessSpec, claim_port

ACCOUNT_ID = "000000000000"
DEFAULT_REGION = "us-east-1"
_SERVICES = "s3,kinesis,sqs,sts,cloudwatch,logs"


def client_environment(endpoint_url: str, region: str = DEFAULT_REGION) -> dict[str, str]:
    """Return the variables with which boto3 talks to this endpoint and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Ministack:
    """The ministack server. With a state folder, a clean stop keeps streams, queues and objects."""

    def __init__(
        self,
        processes: Processes,
        port: int | None = None,
        state_folder: Path | None = None,
        region: str = DEFAULT_REGION,
    ) -> None:
        self._processes = processes
        self._wanted_port = port
        self._state_folder = state_folder
        self.region = region
        self.port = 0
        self.child: Child | None = None

    @property
    def endpoint_url(self) -> str:
        """The address for every service; known once started."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which boto3 talks to this server."""
        return client_environment(self.endpoint_url, self.region)

    def start(self) -> Ministack:
        """Start the server and wait until it answers; PortInUseError, StartError."""
        self.port = claim_port("ministack", self.port or self._wanted_port)
        spec = ProcessSpec("ministack", module="ministack", environment=self._server_environment())
        self.child = self._processes.start(spec)
        self.child.wait_until_ready(self._answers)
        return self

    def stop(self) -> None:
        """Stop the server; a later start() takes the same port again."""
        if self.child is not None:
            self.child.stop()
            self.child = None

    def _server_environment(self) -> dict[str, str]:
        settings = {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_REGION": self.region,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "SERVICES": _SERVICES,
            "LOG_LEVEL": "WARNING",
            # It would otherwise open more listeners and tidy up a Docker engine that is not ours.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
        }
        if self._state_folder is not None:
            settings |= _persistence(self._state_folder)
        return settings

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=2):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def _persistence(folder: Path) -> dict[str, str]:
    state, objects = folder.resolve() / "state", folder.resolve() / "s3"
    state.mkdir(parents=True, exist_ok=True)
    objects.mkdir(parents=True, exist_ok=True)
    return {
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(objects),
    }
