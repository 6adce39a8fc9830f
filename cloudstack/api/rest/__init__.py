"""REST under ``/api/v1/``: every route, form and schema is made from the command registry."""
