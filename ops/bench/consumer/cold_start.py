"""The packaged function: its size, and how long the runtime takes until it can be invoked.

As on Lambda, the runtime's own packages are compiled already and the function's are not, since its
folder is read-only.
"""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ops.bench.serving.stats import median
from ops.local.cloud.lambda_function import FunctionSettings, LambdaFunction
from ops.local.cloud.ministack import client_environment
from ops.local.cloud.processes import Processes, child_environment

_RUNTIME_PACKAGES = """
import awslambdaric.bootstrap, boto3
session = boto3.session.Session()
for name in ("s3", "sagemaker-runtime"):
    session.client(name)
"""


@dataclass(frozen=True)
class Package:
    """Size of the zip, and seconds of each cold start, clients built."""

    size_bytes: int
    cold_starts_seconds: list[float]

    @property
    def median_seconds(self) -> float:
        return median(self.cold_starts_seconds)


def measure_package(package: Path, folder: Path, rounds: int) -> Package:
    """Unpack the zip and start it `rounds` times under the runtime client."""
    root, compiled = folder / "task", folder / "compiled"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(root)
    environment = {
        **client_environment("http://127.0.0.1:1"),
        "PYTHONPYCACHEPREFIX": str(compiled),
        "ENDPOINT_NAME": "complaints",
        "LOG_BUCKET": "complaints-log",
    }
    warm = {**child_environment(environment), "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([sys.executable, "-c", _RUNTIME_PACKAGES], env=warm, check=True)
    settings = FunctionSettings(
        handler="lambda_function.handler",
        task_root=root,
        environment={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    seconds = [_start_once(settings, folder) for _ in range(rounds)]
    return Package(package.stat().st_size, seconds)


def _start_once(settings: FunctionSettings, folder: Path) -> float:
    with Processes(folder / "logs") as processes:
        function = LambdaFunction(settings, processes)
        try:
            return function.warm_up()
        finally:
            function.close()
