"""The program of the guide runs; docs do not run it, since it asks for onnxruntime-web."""

import re
from pathlib import Path

from groupae.demo import demo_folder, find_runtime

GUIDE = Path(__file__).parents[2] / "docs/guides/demo.rst"


def test_the_program_of_the_guide_runs(package, tmp_path, monkeypatch, capsys):
    block = re.search(
        r"code-block:: python\n\n((?:    .*\n|\n)+)", GUIDE.read_text(encoding="utf-8")
    )
    program = re.sub(r"^    ", "", block[1], flags=re.MULTILINE)
    assert "28" in program
    short = program.replace("28", "8")  # smaller pictures, in a fifth of the time
    found = find_runtime(package)
    monkeypatch.setattr(demo_folder, "find_runtime", lambda folder: found)
    monkeypatch.chdir(tmp_path)
    exec(compile(short, str(GUIDE), "exec"), {})
    assert re.fullmatch(r"\d\.\d MB, off by at most \S+ of 255\n", capsys.readouterr().out)
    assert (tmp_path / "page/index.html").is_file()
