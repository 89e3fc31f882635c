"""`import groupae` loads nothing, its use torch and numpy, nothing heavier; no side effect."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import groupae

HEAVY = ("e3nn", "scipy", "matplotlib", "lightning_fabric", "rich", "jsonargparse", "hypothesis")
COMPILER = ("torch._dynamo", "torch._inductor", "sympy")  # over a second of processor time
TRAINING = ("Run", "TrainingConfig", "fit")  # lightning-fabric loads the compiler

USE_THE_CORE = """
import torch
import groupae as ga
rho = ga.SO3().rep("2x0 + 1x1")
ae = ga.LatentActionAE(torch.nn.Linear(4, 5), torch.nn.Linear(5, 4), ga.VectorAction(rho))
ae.transform(ga.SO3().sample(2), torch.randn(2, 4))
"""


def loaded_after(code):
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_importing_alone_loads_nothing():
    assert not loaded_after("import groupae") & {"torch", "numpy", *HEAVY, *COMPILER}


def test_nothing_heavy_is_loaded():
    loaded = loaded_after(USE_THE_CORE)
    assert {"torch", "numpy", "groupae"} <= loaded
    assert not loaded & {*HEAVY, *COMPILER}


def test_no_public_name_loads_the_compiler():
    code = f"""
import groupae
for name in groupae.__all__:
    if name not in {TRAINING}:
        getattr(groupae, name)
        for module in {COMPILER}:
            assert module not in sys.modules, f"{{name}} loads {{module}}"
"""
    assert not loaded_after(code) & set(COMPILER)


def test_importing_has_no_side_effect():
    code = """
import torch, random, numpy, warnings, os
def state():
    return (torch.get_default_dtype(), torch.get_num_threads(), torch.initial_seed(),
            random.getstate(), str(numpy.random.get_state()), list(warnings.filters),
            dict(os.environ), os.getcwd(), torch.get_rng_state().tolist())
before = state()
import groupae
assert state() == before
"""
    loaded_after(code)


@pytest.mark.parametrize("name", tuple(groupae.__all__))
def test_every_public_name_resolves(name):
    assert getattr(groupae, name).__module__.startswith("groupae.")
    assert name in dir(groupae)


def test_a_subpackage_is_loaded_when_it_is_named():
    loaded_after("import groupae; groupae.testing.check_group; groupae.metrics.psnr_score")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = groupae.nonsense


ROOT = Path(groupae.__file__).parent.parent

# Groups make their representations, which are sums of their irreps
CIRCLES = {
    "groupae.groups": "groups",
    "groupae.representations": "groups",
}


def module_files():
    """Return the file of each module of the package."""
    found = {}
    for path in (ROOT / "groupae").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree, modules):
    """Return the modules that are imported anywhere in a file, but not for types only."""
    if isinstance(tree, ast.If) and getattr(tree.test, "id", None) == "TYPE_CHECKING":
        return set().union(*(imported(part, modules) for part in tree.orelse))
    if isinstance(tree, ast.Import):
        return {alias.name for alias in tree.names} & modules
    if isinstance(tree, ast.ImportFrom):
        names = {f"{tree.module}.{alias.name}" for alias in tree.names}
        return names & modules | ({tree.module} & modules if names - modules else set())
    return set().union(*(imported(part, modules) for part in ast.iter_child_nodes(tree)))


def knot(module):
    """Return one name for all files that are known to be in a circle."""
    rooms = [room for room in CIRCLES if f"{module}.".startswith(f"{room}.")]
    return CIRCLES[rooms[0]] if rooms else module


def test_no_circle_between_files():
    files = module_files()
    graph = {}
    for module, path in files.items():
        found = {knot(name) for name in imported(ast.parse(path.read_text()), set(files))}
        graph.setdefault(knot(module), set()).update(found - {knot(module)})
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which lists it


def test_imports_are_found_wherever_they_stand():
    text = """
from groupae.b import C
if TYPE_CHECKING:
    import groupae.d
else:
    import groupae.e
def f():
    from groupae import g, h
    from other import groupae
"""
    modules = {"groupae", *(f"groupae.{name}" for name in "bdeg")}
    found = {"groupae", "groupae.b", "groupae.e", "groupae.g"}
    assert imported(ast.parse(text), modules) == found
