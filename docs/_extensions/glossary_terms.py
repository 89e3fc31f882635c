"""Terms of the glossary that are found by ``:term:`` only.

The default role of the pages is ``any``. Without this, single backticks around ``Group`` would be
ambiguous between the class and the term of the same name.
"""

from __future__ import annotations

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from typing_extensions import override

__all__ = ["StandardDomainWithoutTerms"]


class StandardDomainWithoutTerms(StandardDomain):
    """The standard domain, whose terms do not answer to the role ``any``."""

    @override
    def resolve_any_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        target: str,
        node: pending_xref,
        contnode: Element,
    ) -> list[tuple[str, Element]]:
        found = super().resolve_any_xref(env, fromdocname, builder, target, node, contnode)
        return [(role, reference) for role, reference in found if role != "std:term"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Replace the standard domain."""
    app.add_domain(StandardDomainWithoutTerms, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
