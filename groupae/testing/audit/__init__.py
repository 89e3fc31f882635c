"""Audit of functions and networks: which laws of an action they keep, and where it is lost.

``auditing`` has the function `groupae.audit`, ``run`` its course, ``report`` its result;
``error_split`` the definition of the three parts of an error; ``sides`` the actions on inputs and
outputs, ``elements`` the choice of elements, ``laws`` the laws of the whole function, ``layers``
those of its modules, ``recorder`` the hooks, ``fitted`` the best linear action where none is known.
"""

from groupae.testing.audit.auditing import audit
from groupae.testing.audit.error_split import ErrorSplit
from groupae.testing.audit.report import AuditedLaw, AuditReport, ElementError, LayerError

__all__ = ["AuditReport", "AuditedLaw", "ElementError", "ErrorSplit", "LayerError", "audit"]
