"""Sphinx configuration; the build treats warnings as errors and runs the examples."""

from groupae import __version__

project = "groupae"
author = "The groupae authors"
copyright = "2026, the groupae authors"
release = version = __version__

extensions = [
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
exclude_patterns = ["_build", "results/*/runs"]
default_role = "any"

autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
autodoc_default_options = {"show-inheritance": True}
autodoc_type_aliases = {"IrrepLabel": "IrrepLabel"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(torch|numpy|np|os|pathlib|rich|matplotlib|collections|typing|abc)(\..*)?"),
    (r"py:.*", r"(Tensor|nn|Module|Figure|Console|Path|Callable|Literal|Any|Latent|Hashable).*"),
    (r"py:.*", r"(dict\[str|TypeAliasForwardRef|'IrrepLabel'|ShapeError|hypothesis\..*)"),
    (r"py:.*", r"(IrrepLabel|Term|Parameter|optional|.*_Untrained|.*_RepresentationAction).*"),
    (r"py:.*", r"(.*_Polyhedral|Constant|Overlap).*"),
    (r"py:.*", r".*(_StepModel|Bijection)"),
    (r"py:.*", r"(GroupElement|GSpace|FieldType|Mode|Escnn\w+|Rotation)"),
    (r"py:.*", r"groupae\.[a-z_.]*\.(Irreps|Terms?|Latent|IrrepLabel)"),
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "run_stale_examples": True,  # the library may have changed though the example has not
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
}
