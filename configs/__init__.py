"""The numbers: Hydra groups, one folder a choice that the user makes."""

#: Read by :mod:`sim.guard`, which tells when another distribution has overwritten this package.
MARCHLAND = "0.1.0"
