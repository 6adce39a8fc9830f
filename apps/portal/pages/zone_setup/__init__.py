"""Setting up a zone, step by step: one form a section, one command or a few behind each.

``forms``: fields made from parameters. ``sections``: what a section of a step is. ``places``, ``networks``, ``hosts``,
``storage``: the sections and what there is of each. ``steps``: their order and what each needs. ``views``: the pages.
"""
