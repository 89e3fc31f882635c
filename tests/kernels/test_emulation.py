"""Compiled kernels on processors without AVX-512, AVX2 or AVX, emulated by qemu's user mode.

They run where qemu-x86_64 is installed (Debian: qemu-user-static). The emulator stops a process at
the first instruction that the processor lacks.
"""

import os
import platform
import shutil
import subprocess
import sys

import pytest

from groupae.kernels.compiled import BuildError, build

QEMU = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
pytestmark = [
    pytest.mark.skipif(QEMU is None, reason="there is no qemu-x86_64 here"),
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"),
        reason="Python is for Linux x86-64",
    ),
]

LEVEL = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).groupae_level())"
ACT = """
import torch
from groupae import SO2, SO3
from groupae.kernels.compiled import status
from groupae.kernels.dispatch import computes_compiled, forced_path

for rho in (SO3().rep("8x0 + 9x1 + 5x2 + 3x4"), SO2().rep("5x0 + 17x1 + 3x2")):
    for dtype in (torch.float32, torch.float64):
        g, x = rho.group.sample(65, dtype=dtype), torch.randn(65, rho.dim, dtype=dtype)
        assert computes_compiled(x)
        found = []
        for fast in (True, False):
            leaf = x.clone().requires_grad_()
            with forced_path(fast=fast):
                moved = rho.act(g, leaf)
                found += [(moved, *torch.autograd.grad(moved.sin().sum(), leaf))]
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
print(status().way, status().level)
"""


@pytest.fixture(scope="module")
def made():
    try:
        return build()
    except BuildError:
        pytest.skip("there is no C compiler here")


def emulate(processor, *arguments):
    """Return the last line that Python prints on another processor."""
    env = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [QEMU, "-cpu", processor, sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("processor", "level"), [("qemu64", 0), ("Nehalem", 0), ("SandyBridge", 0), ("Haswell", 1)]
)
def test_the_level_is_that_of_the_processor(made, processor, level):
    assert emulate(processor, "-c", LEVEL, made) == f"{level}"


# torch itself needs AVX, so there is no older processor to try
@pytest.mark.slow
@pytest.mark.parametrize(("processor", "level"), [("SandyBridge", "baseline"), ("Haswell", "avx2")])
@pytest.mark.usefixtures("made")
def test_codes_are_acted_on_without_an_illegal_instruction(processor, level):
    assert emulate(processor, "-c", ACT) == f"compiled {level}"
