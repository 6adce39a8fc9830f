"""The pages on which users serve themselves, made from declarations.

A section (machines, volumes…) says which command lists its objects, which columns and facts are shown and which
commands are offered on them. Everything else follows: pages call the same commands as the API, so that a page shows and
does what its reader may see and do, and nothing else.
"""

from cloudstack.pages.columns import Column, Kind
from cloudstack.pages.options import Listed, Option, choices
from cloudstack.pages.registry import register
from cloudstack.pages.sections import OF, Filter, Input, MenuLink, Operation, Panel, PanelOn, Section, cancels_job

__all__ = [
    "OF",
    "Column",
    "Filter",
    "Input",
    "Kind",
    "Listed",
    "MenuLink",
    "Operation",
    "Option",
    "Panel",
    "PanelOn",
    "Section",
    "cancels_job",
    "choices",
    "register",
]
