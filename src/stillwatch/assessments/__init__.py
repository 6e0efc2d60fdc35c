"""Indicators and rival hypotheses, scored on one set of observations."""
