"""``groupae info``: which implementation of the kernels is used, and why."""

import pytest
import torch

import groupae
from groupae.cli import environment, main
from groupae.kernels.compiled import KernelStatus, kernel_status
from groupae.kernels.compiled.loading import Loaded


def run(capsys):
    with pytest.raises(SystemExit) as left:
        main(["info"])
    assert left.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(" ") for line in lines)}


def test_versions_are_printed(capsys):
    found = run(capsys)
    assert found["torch"] == torch.__version__
    assert found["groupae"].startswith(groupae.__version__)


def test_compiled_kernels_are_printed_with_level_and_library(capsys, monkeypatch, tmp_path):
    library = tmp_path / "kernels.so"
    library.write_bytes(b"0" * 2000)
    found = KernelStatus("compiled", "avx2", 2, library, "GROUPAE_COMPILED=avx2")
    monkeypatch.setattr(environment, "status", lambda: found)
    printed = run(capsys)
    assert printed["kernels"] == "compiled, avx2"
    assert printed["threads"] == "2"
    assert printed["library"] == f"{library} (2 kB)"
    assert printed["reason"] == "GROUPAE_COMPILED=avx2"


def test_the_reason_is_printed(capsys, monkeypatch):
    monkeypatch.setattr(kernel_status, "load", lambda: Loaded(None, "no library was compiled"))
    found = run(capsys)
    assert found["kernels"] in ("numpy", "torch")
    assert found["reason"] == "no library was compiled"
    assert "library" not in found
