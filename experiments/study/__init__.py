"""Experiments at scale: plans, sweeps and what is made of them."""
