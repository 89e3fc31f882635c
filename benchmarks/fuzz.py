"""Feed mutated and random text to the parsers, and look for errors of others, and for blow-ups.

The parsers are those of groups, of representations, of the config of a run, of the manifest of a
checkpoint and of the table of elements. ``python benchmarks/fuzz.py`` runs each as often as
`RUNS` says, a million times in all; ``--share 0.005`` runs that part of it.

Valid texts are mutated: tokens are swapped, repeated or deleted, numbers become huge, negative or
NaN, brackets nest, characters become others of Unicode, bytes random ones. A parser may return, or
raise `ValueError` or `TypeError` (ours among them) with one line of the form "...: expected ...".
Anything else is a finding: another error, more than 2 seconds of processor time, 200 MB.

Inputs are parsed in forked children under a limit of memory and a timer, so that a parser that
blows up is a finding and does not end the search.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import torch

from groupae.data import FolderPairs
from groupae.experiments.runs.run_config import RunConfig
from groupae.groups import SO2, SO3, get_group
from groupae.groups.registry import example_groups
from groupae.training import load_checkpoint, save_checkpoint
from groupae.training.checkpoint import _read_manifest

RUNS = {
    "group": 480_000,
    "representation": 400_000,
    "manifest": 80_000,
    "elements": 30_000,
    "config": 10_000,
}
SECONDS, MEGABYTES = 2.0, 200
_CHUNK = 1000  # inputs per child
_LONGEST = 20_000  # characters of a token
_OURS = (ValueError, TypeError, FileNotFoundError, ModuleNotFoundError)
_NUMBERS = (
    *("0", "-1", "1", "2", "7", "00", "1e9", "nan", "inf", "-inf", "0x10", "1_000", "9" * 5000),
    *("1000000000", "1000000000000", "99999999999999999999", "1.5", "\u0663", "\u00b2", "1e400"),
)
_TOKENS = (
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "*",
        "+",
        "-",
        "x",
        "x|",
        "x|<",
        ":",
        "|",
        " ",
        "\n",
        "\t",
    ),
    *("so2", "SO(3)", "c(", "s(", "d(", "o3", "translation(", "affine", "perm", "null", "true"),
    *('"', "'", "\\", "%", "&a", "*a", "!!python/object:os.system", "- ", "---", "\0", "\ufeff"),
    *("\u00e9", "\U0001f600", "\u202e", "\u2297", "e", "o", "1x0e", "2x1", "..", "/", "~"),
)


# --- mutation ------------------------------------------------------------------------------------
def _tokens(text: str) -> list[str]:
    """Split a text into words, numbers and single characters."""
    found: list[str] = []
    for char in text:
        kind = "d" if char.isdigit() else "a" if char.isalpha() else ""
        last = found[-1][-1] if found else ""
        before = "d" if last.isdigit() else "a" if last.isalpha() else ""
        if kind and kind == before:
            found[-1] += char
        else:
            found.append(char)
    return found


def mutate(text: str, seeds: Sequence[str], draw: random.Random) -> bytes:
    """Return a text of the grammar with a few changes, or bytes that have nothing to do with it."""
    kind = draw.random()
    if kind < 0.05:
        return draw.randbytes(draw.randrange(60))
    tokens = _tokens(text)
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        _change(tokens, seeds, draw)
    content = "".join(tokens).encode(errors="surrogatepass")
    if kind > 0.95 and content:
        place = draw.randrange(len(content))
        content = content[:place] + draw.randbytes(draw.randrange(1, 4)) + content[place + 1 :]
    return content


def _change(tokens: list[str], seeds: Sequence[str], draw: random.Random) -> None:
    if not tokens:
        tokens.append(draw.choice(_TOKENS))
        return
    i, j = draw.randrange(len(tokens)), draw.randrange(len(tokens))
    match draw.randrange(9):
        case 0:
            tokens[i], tokens[j] = tokens[j], tokens[i]
        case 1:
            tokens[i] = (tokens[i] * draw.choice((2, 3, 50, 2000)))[:_LONGEST]
        case 2:
            del tokens[min(i, j) : max(i, j, 1)]
        case 3 | 4:
            numbers = [k for k, token in enumerate(tokens) if token.isdigit()]
            tokens[draw.choice(numbers) if numbers else i] = draw.choice(_NUMBERS)
        case 5:
            tokens.insert(i, draw.choice(_TOKENS))
        case 6:
            depth = draw.choice((1, 3, 30, 3000))
            left, right = draw.choice(("()", "[]", "{}"))
            tokens[i] = left * depth + tokens[i] + right * depth
        case 7:
            tokens[i:i] = _tokens(draw.choice(seeds))[: draw.randrange(1, 20)]
        case 8:
            tokens[i] = chr(draw.choice((draw.randrange(128), draw.randrange(0x3000))))


# --- parsers -------------------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class Parser:
    """A parser with valid texts of its grammar.

    Args:
        seeds: Valid texts.
        parse: Function of the bytes.
    """

    seeds: tuple[str, ...]
    parse: Callable[[bytes], object]


def parsers(folder: Path) -> dict[str, Parser]:
    """Return the parsers by name; those of files read them from a folder."""
    (folder / "run").mkdir()
    return {
        "group": Parser(_GROUPS, lambda content: str(get_group(content.decode(errors="replace")))),
        "representation": _representations(),
        "manifest": _manifests(folder),
        "elements": _tables(folder),
        "config": _configs(folder / "run"),
    }


_GROUPS = (
    *("so2", "SO(3)", "cyclic(8)", "affine", "o2", "o3", "d(4)", "s(4)", "se2", "se(3)", "c(4)"),
    *("translation(2)", "cyclic(8) * so2", "translation(2) x| so2", "scaling", "permutation(5)"),
    *("tetrahedral", "octahedral", "icosahedral", "so2 * so3 * c(3)"),
    *(str(group) for group in example_groups()),
)


def _representations() -> Parser:
    groups = [SO2(), SO3(), *(get_group(t) for t in ("c(6)", "d(4)", "o3", "s(4)", "so2 * c(3)"))]
    texts = [str(group.standard()).partition(", ")[2].rstrip(")") or "1x0" for group in groups]
    texts += ["8x0 + 8x1", "2x0 + 3x1 + 1x2", "1x0e + 1x1o", "1x(0,0) + 2x(1,1)", "1x0+2x1"]

    def parse(content: bytes) -> object:
        text = content.decode(errors="replace")
        # the group depends on the text, so that a finding can be repeated
        rho = groups[sum(content) % len(groups)].rep(text)
        return rho.dim, str(rho)

    return Parser(tuple(texts), parse)


def _manifests(folder: Path) -> Parser:
    weights = {"a": torch.zeros(2), "b": torch.ones(3)}
    path = save_checkpoint(folder / "checkpoints", weights, step=3, score=1.5, model="0" * 64)
    text = (path / "manifest.json").read_text()
    unsealed = {k: v for k, v in json.loads(text).items() if k != "sha256"}
    extra = {**unsealed, "extra": {"count": 3}, "shared": {"c": "a"}}

    def parse(content: bytes) -> object:
        (path / "manifest.json").write_bytes(content)
        _read_manifest(path)
        return load_checkpoint(path)

    return Parser((text, json.dumps(unsealed), json.dumps(extra)), parse)


def _tables(folder: Path) -> Parser:
    from PIL import Image

    (folder / "pictures").mkdir()
    Image.new("L", (4, 4)).save(folder / "pictures" / "dot.png")
    rows = "\n".join(f"dot.png,{i // 2},{i * 10}" for i in range(6))
    charted = rows.replace(",", ";")
    quaternions = "dot.png,a,1,0,0,0,x\ndot.png,a,0,1,0,0,y"
    seeds = (
        f"picture,original,element_deg\n{rows}\n",
        f"picture,original,element_deg\n{charted}\n",
        f"picture,original,element_w,element_x,element_y,element_z,label\n{quaternions}\n",
        'picture,original,element,split\n"dot.png","a, b",0,train\ndot.png,"a, b",1,test\n',
    )

    def parse(content: bytes) -> object:
        (folder / "pictures" / "elements.csv").write_bytes(content)
        is_so3 = b"element_w" in content
        group, chart = (SO3(), "quat_wxyz") if is_so3 else (SO2(), "angle_deg")
        return len(FolderPairs(folder / "pictures", group, chart=chart))

    return Parser(seeds, parse)


def _configs(folder: Path) -> Parser:
    from groupae.experiments.presets.registry import get_experiment

    seeds = []
    for name in ("rotated-digits", "blocked-digits"):
        experiment = get_experiment(name)
        preset = next(iter(experiment.presets.values()))
        RunConfig(experiment, preset, "small", "tiny", None, None).write(folder)
        seeds.append((folder / "config.yaml").read_text())

    def parse(content: bytes) -> object:
        (folder / "config.yaml").write_bytes(content)
        return RunConfig.read(folder)

    return Parser(tuple(seeds), parse)


# --- one input, and many -------------------------------------------------------------------------
class _TooLong(BaseException):
    """Sign of the timer; no handler of a parser catches it."""


def _ring(number: int, frame: FrameType | None) -> None:
    raise _TooLong(f"{number} in {frame}")


def complaint(parse: Callable[[bytes], object], content: bytes) -> tuple[str, str]:
    """Return how the parsing of an input ended, and what was wrong with it, if anything."""
    try:
        parse(content)
    except _TooLong:
        return "timeout", f"more than {SECONDS} seconds"
    except _OURS as error:
        line = str(error)
        if "\n" in line or ": expected " not in line:
            return "other form", f"{type(error).__name__}: {line[:300]!r}"
        if len(line) > 10_000:
            return "other form", f"a message of {len(line)} characters"
        return type(error).__name__, ""
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        got = f"{type(error).__name__}: {str(error)[:200]} ({place.filename}:{place.lineno})"
        return "raw error", got
    return "parsed", ""


@dataclasses.dataclass
class Tally:
    """Figures of one parser."""

    runs: int = 0
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    slowest_seconds: float = 0.0
    largest_megabytes: float = 0.0
    seconds: float = 0.0
    findings: list[tuple[str, str]] = dataclasses.field(default_factory=list)


def _inputs(parser: Parser, seed: str, count: int) -> list[bytes]:
    draw = random.Random(seed)
    return [mutate(draw.choice(parser.seeds), parser.seeds, draw) for _ in range(count)]


def _resident() -> float:
    """Return the largest memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_child(parser: Parser, inputs: Sequence[bytes], pipe: int) -> None:
    """Parse inputs under limits, and write a line of JSON for each start and end."""
    warnings.simplefilter("ignore")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + (MEGABYTES + 100) * 2**20  # threads and arenas of malloc reserve addresses
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGPROF, _ring)
    largest = 0.0
    for text in (*parser.seeds, "unknown"):  # what is loaded at the first use belongs to no input
        complaint(parser.parse, text.encode())
    with os.fdopen(pipe, "w") as stream:
        for i, content in enumerate(inputs):
            stream.write(f"{i}\n")
            stream.flush()
            before = _resident()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            started = time.process_time()
            try:
                kind, wrong = complaint(parser.parse, content)
                spent = time.process_time() - started
                signal.setitimer(signal.ITIMER_PROF, 0)
            except _TooLong:
                kind, wrong, spent = "timeout", f"more than {SECONDS} seconds", SECONDS
            peak = _resident()
            largest = max(largest, peak - before)
            if peak - before > MEGABYTES:
                kind, wrong = "memory", f"{peak - before:.0f} MB"
            if wrong or kind != "ValueError" or spent > 0.01:
                stream.write(json.dumps([i, kind, wrong, spent]) + "\n")
        stream.write(json.dumps(["end", largest]) + "\n")


def _run(parser: Parser, inputs: Sequence[bytes], tally: Tally) -> int:
    """Parse inputs in a child; return how many were done, fewer if the child died."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        try:
            _in_child(parser, inputs, writing)
        finally:
            os._exit(0)
    os.close(writing)
    last, told = -1, set()
    is_whole = False
    with os.fdopen(reading) as stream:
        for line in stream:
            value = json.loads(line)
            if isinstance(value, int):
                last = value
            elif value[0] == "end":
                is_whole = True
                tally.largest_megabytes = max(tally.largest_megabytes, round(value[1], 1))
            else:
                i, kind, wrong, spent = value
                told.add(i)
                tally.outcomes[kind] += 1
                tally.slowest_seconds = max(tally.slowest_seconds, round(spent, 3))
                if wrong:
                    tally.findings.append((wrong, repr(inputs[i][:300])))
    _, status = os.waitpid(pid, 0)
    tally.outcomes["ValueError"] += last + 1 - len(told)
    if not is_whole and last >= 0:
        wrong = f"the process died with status {os.waitstatus_to_exitcode(status)}"
        tally.findings.append((wrong, repr(inputs[last][:300])))
    tally.runs += last + 1
    return last + 1


def fuzz(
    names: Sequence[str], share: float, seed: int, base: Path | None = None
) -> dict[str, Tally]:
    """Run the parsers on a share of `RUNS` inputs each."""
    tallies = {}
    with tempfile.TemporaryDirectory(dir=base) as folder:
        found = parsers(Path(folder))
        for name in names:
            tally, started = Tally(), time.monotonic()
            count, chunk = max(1, int(RUNS[name] * share)), 0
            while tally.runs < count:
                inputs = _inputs(found[name], f"{seed}-{name}-{chunk}", _CHUNK)
                inputs, chunk = inputs[: count - tally.runs], chunk + 1
                while inputs:
                    done = _run(found[name], inputs, tally)
                    inputs = inputs[max(done, 1) :]
            tally.seconds = round(time.monotonic() - started, 1)
            tallies[name] = tally
    return tallies


def main() -> int:
    """Print the figures and the findings; the exit status is 1 if there are any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="parsers; all by default")
    parser.add_argument("--share", type=float, default=1.0, help="part of the million runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**26 else None
    tallies = fuzz(options.names or list(RUNS), options.share, options.seed, base)
    for name, tally in tallies.items():
        kinds = ", ".join(f"{kind} {count}" for kind, count in tally.outcomes.most_common())
        print(
            f"{name:<15}{tally.runs:>8} runs, slowest {tally.slowest_seconds:.3f} s, "
            f"at most {tally.largest_megabytes} MB, {len(tally.findings)} findings, "
            f"{tally.seconds} s: {kinds}"
        )
        shown = set()
        for wrong, content in tally.findings:
            if wrong[:60] not in shown and len(shown) < 12:
                shown.add(wrong[:60])
                print(f"    {wrong[:400]}\n      {content}")
    if options.out is not None:
        # asdict would make the counter anew from its pairs
        values = {name: vars(tally) for name, tally in tallies.items()}
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        options.out.write_text(json.dumps({"seed": options.seed, **machine, **values}, indent=2))
    return 1 if any(tally.findings for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
