"""Sphinx configuration; the build treats warnings as errors and runs the examples."""

import inspect
import pkgutil
import sys
from pathlib import Path

import torch
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from groupae import PairBatch, __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "groupae"
author = "The groupae authors"
copyright = "2026, the groupae authors"
release = version = __version__

extensions = [
    "api_pages",
    "command_reference",
    "field_tables",
    "demos",
    "site_files",
    "drawings",
    "glossary_terms",
    "myst_parser",  # tables of comparisons are Markdown
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas also without a network
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
html_theme = "furo"
html_title = f"groupae {version}"
html_copy_source = html_show_sourcelink = False  # there is no public address yet
html_static_path = ["_static"]
html_css_files = ["gallery.css", "reference.css"]
exclude_patterns = ["_build", "results/*/runs", "gallery/index.rst"]  # examples.rst instead
default_role = "any"

autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
autodoc_default_options = {"show-inheritance": True}
autodoc_type_aliases = {"IrrepLabel": "IrrepLabel"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

nitpicky = True
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(torch|numpy|sklearn|os|pathlib|rich|matplotlib|collections|contextlib|typing|abc|http)\b.*",
    ),
    (r"py:.*", r"(Tensor|nn|Module|Axes|Figure|Console|Path|Callable|Literal|Any|np|Hashable)\b.*"),
    (r"py:.*", r"(GroupElement|GSpace|FieldType|Escnn\w+|Rotation|hypothesis\..*)"),
    (r"py:.*", r"(RigidTransform|IrrepsLayout)"),
    (r"py:.*", r"(dict\[str|tuple\[float|list\[tuple\[int).*"),
    (r"py:.*", r"(TypeAliasForwardRef|Mode|Parameter|optional).*"),
    (r"py:.*", r"(.*\.)?'?(Constant|Irreps|IrrepLabel|Latent|Terms?)\b.*"),
    # bases and types that are not public
    (r"py:.*", r".*(\._\w+|\._table\.Table|\.Bijection|\.TabulatedIrreps|Overlap)"),
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "parallel": 2,  # examples at a time, each in a process of its own
    "thumbnail_size": (480, 320),
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "run_stale_examples": True,  # the library may have changed though the example has not
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
}


def find_home(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a reference by any import path of a name, such as ``groupae.SO2``."""
    target, objects = node["reftarget"], env.domains["py"].objects
    target = target if target.startswith("groupae.") else f"groupae.{target}"
    try:
        wanted = pkgutil.resolve_name(target)
    except (AttributeError, ImportError, ValueError):
        return None
    if inspect.ismodule(wanted):  # a function that has the name of its module
        package, _, name = target.rpartition(".")
        wanted = getattr(sys.modules[package], name, wanted)
    for name in objects:
        if name.endswith(target[target.rfind(".") :]) and pkgutil.resolve_name(name) is wanted:
            place, home = node.get("refdoc", env.docname), objects[name]
            return make_refnode(app.builder, place, home.docname, home.node_id, content)
    return None


class ScoreList(SphinxDirective):
    """List of the scores in a mapping by name: ``.. scores:: groupae.metrics.MODEL_SCORES``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a definition list: title and name; definition, range and source."""
        found = nodes.definition_list()
        for name, score in pkgutil.resolve_name(self.arguments[0]).items():
            if callable(score):  # made for a data set; any will do
                score = score(PairBatch(torch.eye(3), torch.zeros(3), torch.eye(3)))
            term = nodes.term("", f"{score.heading} ", nodes.literal("", name))
            low, high = (f"{limit:g}".replace("inf", "\N{INFINITY}") for limit in score.range)
            lines = (score.definition, f"From {low} to {high}. Source: {score.source}.")
            body = nodes.definition("", *(nodes.paragraph(text=line) for line in lines))
            found += nodes.definition_list_item("", term, body)
        return [found]


def follow_own(app: Sphinx, module: str, name: str) -> str | None:
    """Return ``module`` itself for a name that is made elsewhere, such as a ``Literal`` of typing.

    Else the site would hold the source of that other module.
    """
    try:
        home = getattr(pkgutil.resolve_name(f"{module}:{name}"), "__module__", None)
    except (AttributeError, ImportError, ValueError):
        return None
    return None if home is None or home.startswith("groupae") else module


def setup(app: Sphinx) -> None:
    """Add the resolver of references, the limits of source pages and the list of scores."""
    app.connect("missing-reference", find_home)
    app.connect("viewcode-follow-imported", follow_own)
    app.extensions["sphinx-mathjax-offline"].parallel_read_safe = True  # it only copies files
    app.add_directive("scores", ScoreList)
