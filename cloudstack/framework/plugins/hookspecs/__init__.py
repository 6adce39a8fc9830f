"""Hook specifications, a module a subject. Arguments are keywords: a plugin names only those that it wants."""

from importlib import import_module
from pkgutil import iter_modules

ALL = tuple(import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__))
