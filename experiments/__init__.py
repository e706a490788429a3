"""What is asked: one module a verb of the command line."""

#: Read by :mod:`sim.guard`.
MARCHLAND = "0.1.0"
