"""Pages for users, and panels on the pages of objects. Whatever they show and do goes through commands."""

from cloudstack.pages import (
    OF,
    Column,
    Filter,
    Input,
    Kind,
    Listed,
    MenuLink,
    Operation,
    Option,
    Panel,
    PanelOn,
    Section,
    cancels_job,
    choices,
)
from cloudstack.pages.tones import color_states

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
    "color_states",
]
