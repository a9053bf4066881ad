from services.trainer.cluster import Cluster

TWO = Cluster(
    hosts=("algo-1", "algo-2"), current_host="algo-2", network_interface="eth0", processes=4
)


def test_every_machine_starts_its_processes_and_finds_the_first_machine() -> None:
    command = TWO.command("trainer", "train")

    assert command[1:] == [
        *("-m", "torch.distributed.run"),
        *("--nnodes=2", "--node-rank=1", "--nproc-per-node=4"),
        *("--master-addr=algo-1", "--master-port=29500"),
        *("-m", "trainer", "train"),
    ]


def test_machines_talk_over_the_interface_that_the_job_names() -> None:
    chosen = TWO.environment({"PATH": "/bin", "NCCL_SOCKET_IFNAME": "eth1"})

    assert chosen == {
        "PATH": "/bin",
        "GLOO_SOCKET_IFNAME": "eth0",
        "NCCL_SOCKET_IFNAME": "eth1",
    }
    assert Cluster().environment({"PATH": "/bin"}) == {"PATH": "/bin"}


def test_one_process_needs_no_torchrun() -> None:
    assert not Cluster().needs_torchrun
    assert Cluster(processes=2).needs_torchrun
    assert TWO.needs_torchrun
