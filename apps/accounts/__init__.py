"""Domains, accounts, users, roles, keys and limits: who may do what, and how much of it."""
