"""Two network namespaces joined by a veth pair, as two hosts: addresses, and a run on both."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import finish, start
from dask_cluster import Cluster, each_once, fleet, name_of, samples

from ipcbench.results.store import load

ADDRESSES = {"a": "10.213.7.1", "b": "10.213.7.2"}  # in namespaces that nothing else is in


def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def why_not() -> str:
    """Why there can be no namespaces here; empty where they can."""
    if importlib.util.find_spec("distributed") is None:
        return "the extra fleet is not installed: distributed"
    if shutil.which("ip") is None:
        return "ip, of iproute2, is not here"
    name = f"ipcb-{uuid.uuid4().hex[:6]}"
    try:
        ip("netns", "add", name)
        try:
            ip("-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        finally:
            ip("netns", "del", name)
    except (subprocess.SubprocessError, OSError) as error:
        return f"no network namespaces, or no veth, for this user: {type(error).__name__}"
    return ""


@pytest.fixture
def link() -> Iterator[dict[str, str]]:
    """The names of two joined namespaces, by the host that each is; gone afterwards, with all that is in them."""
    if reason := why_not():
        pytest.skip(reason)
    run = uuid.uuid4().hex[:6]
    names = {host: f"ipcb-{run}-{host}" for host in ADDRESSES}
    try:
        for name in names.values():
            ip("netns", "add", name)
        ends = {host: f"ib{run}{host}" for host in ADDRESSES}
        ip("-n", names["a"], "link", "add", ends["a"], "type", "veth", "peer", "name", ends["b"], "netns", names["b"])
        for host, name in names.items():
            ip("-n", name, "addr", "add", f"{ADDRESSES[host]}/24", "dev", ends[host])
            for device in (ends[host], "lo"):
                ip("-n", name, "link", "set", device, "up")
        yield names
    finally:
        for name in names.values():
            with contextlib.suppress(subprocess.SubprocessError, OSError):
                ip("netns", "del", name)
        assert not [line for line in ip("netns", "list").splitlines() if run in line]


def inside(name: str) -> list[str]:
    """The words that put a command into a namespace."""
    return ["ip", "netns", "exec", name]


@pytest.fixture
def cluster(link: dict[str, str], tmp_path: Path, no_leaks: None) -> Iterator[Cluster]:  # noqa: ARG001 - looked at last
    made = tmp_path / "dask"
    made.mkdir()
    places = {host: (ADDRESSES[host], inside(link[host])) for host in ADDRESSES}
    with contextlib.closing(Cluster(made, places=places | {"scheduler": places["a"]})) as found:
        for host in ADDRESSES:
            found.add(host, host)
        yield found


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_each_of_two_hosts_is_measured_where_it_is(cluster: Cluster, link: dict[str, str], tmp_path: Path) -> None:
    here = inside(link["a"])
    network = {host: os.stat(f"/run/netns/{name}").st_ino for host, name in link.items()}
    planned = fleet(cluster, tmp_path, "plan", "--mechanism", "tcp", "--pattern", "ping-pong", before=here)
    assert planned.code == 0, planned.err
    for host in ADDRESSES:
        assert f"host {name_of(host)} at tcp://{ADDRESSES[host]}:" in planned.out

    words = ("--mechanism", "tcp", "--pattern", "ping-pong", "--size", "64B", "--rounds", "2", "--label", "n")
    found: dict[str, set[int]] = {}
    running = start("fleet", "run", "--scheduler", cluster.address, *words, cwd=tmp_path, before=here)
    for sample in samples(100, running):
        for host, visits in sample.items():
            for pid in visits.values():
                with contextlib.suppress(OSError):
                    found.setdefault(host, set()).add(os.stat(f"/proc/{pid}/ns/net").st_ino)
    done = finish(running)
    assert done.code in (0, 7), done.err
    assert found == {host: {number} for host, number in network.items()}, "a visit was made on another host"
    for host in ADDRESSES:
        assert each_once(load(tmp_path / "results" / f"n-{name_of(host)}.json"), 2)
