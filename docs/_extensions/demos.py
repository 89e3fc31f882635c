"""Pages of ``groupae demo`` in the documentation: ``.. demo:: blocked-digits``.

They are written at the end of the build, into ``demos`` beside the pages, and share one
onnxruntime-web. Where that is not to be had (no network, nothing in the cache), the documentation
shows the still picture in the directive, and the build says so. So does a build without examples
(``-D plot_gallery=0``), which is the quick one.
"""

import html
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from groupae.demo import RuntimeMissingError, find_runtime

FOLDER, RUNTIME, PROCESSES = "demos", "runtime.js", 2
LOGGER = logging.getLogger(__name__)
FRAME = """<div class="demo">
<iframe src="{page}?compact" title="{title}" loading="lazy"></iframe>
<noscript><img src="{folder}/orbit.png" alt="{title}"></noscript>
<p><a href="{page}">Open it on a page of its own</a></p>
</div>"""


class Demo(SphinxDirective):
    """Frame with the page of a model of the package; the content is shown where there is none."""

    required_arguments, has_content = 1, True
    option_spec = {"title": str}  # noqa: RUF012  # as docutils declares it

    def run(self) -> list[nodes.Node]:
        """Return the frame, or the content."""
        name = self.arguments[0]
        self.env.note_reread()  # the next build may find what this one did not
        if not self.config.has_demos:
            return self.parse_content_to_nodes()
        self.env.metadata[self.env.docname].setdefault("demos", []).append(name)
        folder = f"{FOLDER}/{name}"
        title = html.escape(self.options["title"], quote=True)
        text = FRAME.format(page=f"{folder}/index.html", folder=folder, title=title)
        return [nodes.raw("", text, format="html")]


def find(app: Sphinx) -> None:
    """Find out whether pages can be written, before anything is read."""
    app.config.has_demos = False
    if app.builder.name != "html" or str(app.config.plot_gallery) in ("0", "False"):
        return
    try:
        find_runtime()
    except RuntimeMissingError as error:
        LOGGER.info("demos: still pictures instead, for %s", error)
    else:
        app.config.has_demos = True


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the pages that the documentation shows."""
    names = sorted({n for data in app.env.metadata.values() for n in data.get("demos", ())})
    if exception is not None or not app.config.has_demos:
        return
    folder = Path(app.outdir) / FOLDER
    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(lambda name: _write_one(name, folder / name), names))
    for name in names:
        shutil.move(folder / name / RUNTIME, folder / RUNTIME)
        index = folder / name / "index.html"
        text = index.read_text(encoding="utf-8")
        index.write_text(text.replace("<html ", f'<html data-runtime="../{RUNTIME}" ', 1), "utf-8")


def _write_one(name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "groupae", "demo", f"zoo:{name}", "--out", str(folder)]
    done = subprocess.run(
        [*command, "--force", "--threads", "1"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"demos: expected the page of {name}, got {done.stderr.strip()}")
    LOGGER.info("demos: %s", done.stdout.strip())


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive, the look for the runtime, and the writing of the pages."""
    app.add_config_value("has_demos", False, "", bool)
    app.add_directive("demo", Demo)
    app.connect("builder-inited", find)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
