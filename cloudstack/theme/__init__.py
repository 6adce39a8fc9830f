"""The looks of the admin. No other part of the product names the package that they come from.

``configuration``: what the settings take over. ``admin``: the bases of sites, pages and forms. ``policy``: what
browsers may load. Our templates extend ``admin/…`` by Django's names; those in
``templates/unfold`` and ``static/unfold`` replace parts of the theme.
Whoever exchanges the theme changes this package and those folders.
"""
