"""Telling others: alerts to operators, webhooks to programs."""
