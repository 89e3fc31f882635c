"""Every block of code on the first pages runs, and every command there is one that exists.

Blocks of Python run from the top of a page to its bottom in one namespace, in an empty folder, with
few steps in place of minutes. A program may leave to its reader the names in `of_the_reader`, which
a comment on a line of its own describes, and the folders of pictures. Commands are parsed by the
parsers that would run them, not run.
"""

import re
import shlex
from pathlib import Path

import pytest
import torch
from PIL import Image

from groupae import RotatedDigits
from groupae.models import ConvDecoder, ConvEncoder
from tests.docs.commands import refusal_of
from tests.docs.page import SHELLS, blocks_of, commands_of, spans_of

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", "docs/index.rst")
BUDGET = re.compile(r"\b(?:minutes|steps)=[\d._]+")
PREFIXED = re.compile(r"(?:\w+=\S* )*(?:groupae|make|pip|python -m)(?: |$)")
COMMANDS = [
    (page, command)
    for page in PAGES
    for command in [
        *(c for b in blocks_of(ROOT / page) if b.language in SHELLS for c in commands_of(b)),
        *(shlex.split(span) for span in spans_of(ROOT / page) if PREFIXED.match(span)),
    ]
]
pages = pytest.mark.parametrize("page", PAGES)


def name_of(value):
    return value if isinstance(value, str) else " ".join(value[:4])


def of_the_reader():
    """Return the names that a program may leave to its reader."""

    class Autoencoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = ConvEncoder(16), ConvDecoder(16)

        def encode(self, x):
            return self.encoder(x)

        def decode(self, z):
            return self.decoder(z)

    pairs = RotatedDigits("train").batch(0, 128)
    return {"autoencoder": Autoencoder(), "x1": pairs.x1, "g": pairs.g, "x2": pairs.x2}


def draw_plain_pictures(folder, count=40):
    """Write pictures in colours, of more than one split, as for `TurnedPictures`."""
    folder.mkdir(parents=True)
    for i in range(count):
        Image.new("RGB", (40, 48), (6 * i, 20, 200 - 4 * i)).save(folder / f"{i}.png")


def draw_pictures(folder, count=6):
    """Write pictures of two originals with their angles in degrees, as for `FolderPairs`."""
    draw_plain_pictures(folder, count)
    rows = ["picture,original,element"]
    for i in range(count):
        rows.append(f"{i}.png,{i % 2},{60 * i}")
    (folder / "elements.csv").write_text("\n".join(rows) + "\n")


DRAWN = ((draw_pictures, "FolderPairs"), (draw_plain_pictures, "TurnedPictures"))


@pytest.mark.filterwarnings("ignore:fit. expected a validation better than")  # after two steps
@pages
def test_the_programs_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "program"}
    programs = [block for block in blocks_of(ROOT / page) if block.language == "python"]
    assert programs
    for block in programs:
        described = set(
            re.findall(r"\w+", " ".join(re.findall(r"^#(.*)", block.text, re.MULTILINE)))
        )
        names |= {name: value for name, value in of_the_reader().items() if name in described}
        for draw, reader in DRAWN:
            for folder in re.findall(rf'{reader}\("([^"]+)"', block.text):
                if not Path(folder).exists():
                    draw(Path(folder))
        # blank lines before it, so that a traceback has the line of the page
        text = "\n" * (block.line - 1) + BUDGET.sub("steps=2", block.text)
        exec(compile(text, str(ROOT / page), "exec"), names)


@pages
def test_each_block_is_in_a_language_that_is_tested(page):
    assert [b for b in blocks_of(ROOT / page) if b.language not in (*SHELLS, "python")] == []


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=name_of)
def test_a_command_parses(page, command):
    refusal = refusal_of(command)
    assert refusal == "", f"{page}: {' '.join(command)}: {refusal}"


@pages
def test_a_link_leads_to_a_file(page):
    text = (ROOT / page).read_text()
    named = re.findall(r"\]\(([^)#\s]+)\)|(?:src|srcset|href)=\"([^\"#]+)\"|figure:: (\S+)", text)
    links = [link for found in named for link in found if link and "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("groupae trian rotated-digits", "expected a command to be one of"),
        ("groupae train rotated-digits --minuets 5", "no option --minuets"),
        ("groupae train NAME [--preset NAME | --presets NAME]", "no option --presets"),
        ("groupae orbit RUN RUN", "RUN"),
        ("make trian", "trian"),
        ("make train MINUETS=1", "no variable MINUETS"),
        ("pip install groupae[onix]", "no extra onix"),
        ("pip install -c constraint.txt .", "no file constraint.txt"),
        ("bash .ci/ran", "no file .ci/ran"),
        ("python -m groupae.kernel", "no module groupae.kernel"),
        ("pipx install groupae", "got pipx"),
    ],
)
def test_a_command_that_would_fail_is_refused(command, refusal):
    assert refusal in refusal_of(command.split())
