"""Validation: simulated camp counts held against registered ones, beside baselines that use no model."""
