"""Figures over time: sampled, rolled up into wider and wider stretches, forgotten in time.

``arithmetic`` decides what belongs to which stretch and how stretches become one, without a clock or a database;
``models`` is the shape of the tables; ``tables`` does it to all rows of a table in one statement a stretch.
"""
