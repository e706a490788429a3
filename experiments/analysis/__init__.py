"""Analyses of a study: what its runs say, with tables, figures and one page."""
