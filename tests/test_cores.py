"""Cores that the process may use, read from affinity and from files of cgroups made here."""

import os
import subprocess
import sys

import pytest

from groupae._cores import Cores, read_quota


@pytest.fixture
def process(tmp_path):
    """Return a function that makes the folder of a process with cgroups of given files."""

    def make(cgroup, mounts, files):
        for name, content in files.items():
            file = tmp_path / "sys" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        lines = [
            f"36 25 0:31 {root} {tmp_path / 'sys' / where} rw,nosuid shared:9 - {kind} x {options}"
            for root, where, kind, options in mounts
        ]
        (tmp_path / "cgroup").write_text(cgroup)
        (tmp_path / "mountinfo").write_text("21 1 8:1 / / rw - ext4 root rw\n" + "\n".join(lines))
        return tmp_path

    return make


V2 = [("/", "fs", "cgroup2", "rw")]
V1 = [("/", "memory", "cgroup", "rw,memory"), ("/", "cpu", "cgroup", "rw,cpu,cpuacct")]


@pytest.mark.parametrize(
    ("content", "quota"),
    [
        ("max 100000\n", None),
        ("100000 100000\n", 1.0),
        ("150000 100000\n", 1.5),
        ("50000\n", 0.5),  # the period may be left out
        ("", None),
        ("nonsense 7\n", None),
        ("100000 0\n", None),
        ("-1 100000\n", None),
    ],
)
def test_version_2(process, content, quota):
    assert read_quota(process("0::/a\n", V2, {"fs/a/cpu.max": content})) == quota


def test_the_smallest_quota_of_all_parents_counts(process):
    files = {"fs/a/cpu.max": "max 100000", "fs/a/b/cpu.max": "50000 100000"}
    files["fs/a/b/c/cpu.max"] = "400000 100000"
    assert read_quota(process("0::/a/b/c\n", V2, files)) == 0.5


def test_a_group_beside_the_own_one_does_not_count(process):
    files = {"fs/a/cpu.max": "max 100000", "fs/other/cpu.max": "50000 100000"}
    assert read_quota(process("0::/a\n", V2, files)) is None


@pytest.mark.parametrize(
    ("limit", "quota"), [("-1\n", None), ("200000\n", 2.0), ("25000\n", 0.25), ("", None)]
)
def test_version_1(process, limit, quota):
    groups = "12:cpuset:/\n4:memory:/a\n3:cpu,cpuacct:/a\n1:name=systemd:/x\n0::/x\n"
    files = {"cpu/a/cpu.cfs_quota_us": limit, "cpu/a/cpu.cfs_period_us": "100000\n"}
    assert read_quota(process(groups, V1, files)) == quota


def test_both_versions_side_by_side(process):
    files = {"cpu/a/cpu.cfs_quota_us": "300000", "cpu/a/cpu.cfs_period_us": "100000"}
    files["fs/x/cpu.max"] = "200000 100000"
    assert read_quota(process("3:cpu:/a\n0::/x\n", [*V1, *V2], files)) == 2.0


def test_a_container_sees_its_own_group_as_the_root(process):
    mounts = [("/docker/1f", "cpu", "cgroup", "rw,cpu")]
    files = {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}
    assert read_quota(process("3:cpu:/docker/1f\n", mounts, files)) == 1.0


@pytest.mark.parametrize("path", ["/../../elsewhere", "/docker/1f", "/"])
def test_a_path_that_is_not_mounted_leaves_the_root(process, path):
    mounts = [("/else", "fs", "cgroup2", "rw")]
    assert read_quota(process(f"0::{path}\n", mounts, {"fs/cpu.max": "100000 100000"})) == 1.0


def test_a_mount_point_with_a_space(process):
    mounts = [("/", r"with\040space", "cgroup2", "rw")]
    assert read_quota(process("0::/\n", mounts, {"with space/cpu.max": "50000 100000"})) == 0.5


def test_without_cgroups(tmp_path):
    assert read_quota(tmp_path) is None
    (tmp_path / "mountinfo").write_text("\n - \nx\n36 25 0:31 / /a rw - \n")
    (tmp_path / "cgroup").write_text("\nnonsense\n0::\n")
    assert read_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("allowed", "quota", "usable"),
    [(8, None, 8), (8, 2.0, 2), (2, 16.0, 2), (8, 0.1, 1), (8, 1.4, 1), (8, 1.5, 2), (1, 4.0, 1)],
)
def test_usable(allowed, quota, usable):
    assert Cores(64, allowed, quota).usable == usable


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs affinity, as on Linux")
def test_affinity():
    script = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    script += "from groupae._cores import Cores; print(Cores.of_process().allowed)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout == "1\n"


def test_in_words():
    assert Cores(8, 4, None).describe() == "4 of 8"
    assert Cores(8, 8, 1.5).describe() == "8 of 8, quota of 1.5"
