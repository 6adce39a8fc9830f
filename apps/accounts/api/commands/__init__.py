"""Commands on domains, accounts, users, roles and limits."""
