"""Who decides: governments, militant groups, populations, mediators, and their policies."""

#: Tells this package from any other distribution's top-level ``agents``.
MARCHLAND = "0.1.0"
