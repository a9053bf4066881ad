"""The machines of one training job, and the torchrun that joins their processes.

https://docs.pytorch.org/docs/stable/elastic/run.html
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_PORT = 29500


@dataclass(frozen=True)
class Cluster:
    """Machines that reach each other by name; each runs as many processes."""

    hosts: tuple[str, ...] = ("localhost",)
    current_host: str = "localhost"
    network_interface: str = ""
    """What the machines talk over; empty leaves the choice to gloo and NCCL."""
    processes: int = 1
    """On each machine: one a GPU, or one."""
    port: int = DEFAULT_PORT
    """Where the first machine listens for the others."""

    @property
    def needs_torchrun(self) -> bool:
        return len(self.hosts) * self.processes > 1

    def command(self, *program: str) -> list[str]:
        """Return torchrun's command for this machine's share of `program`, a module's arguments."""
        return [
            sys.executable,
            *("-m", "torch.distributed.run"),
            f"--nnodes={len(self.hosts)}",
            f"--node-rank={self.hosts.index(self.current_host)}",
            f"--nproc-per-node={self.processes}",
            f"--master-addr={self.hosts[0]}",
            f"--master-port={self.port}",
            *("-m", *program),
        ]

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return `environ` with the interface that the machines talk over."""
        if not self.network_interface:
            return dict(environ)
        names = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
        return {**dict.fromkeys(names, self.network_interface), **environ}

    def become_torchrun(self, *program: str) -> None:
        """Let torchrun take this process's place, and with it the signals meant for it."""
        # Our own interpreter and arguments; there is no shell to mislead.
        os.execve(sys.executable, self.command(*program), self.environment(os.environ))  # noqa: S606
