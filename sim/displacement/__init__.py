"""Displacement in a conflict: folders in Flee's format, and the network on which people flee."""
