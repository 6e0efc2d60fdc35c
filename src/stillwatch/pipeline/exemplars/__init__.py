"""Exemplars: the few exchanges that show what a campaign's families are, from traffic at hand.

The one place beyond ``sketches`` that reads text, on purpose and only when asked: docs/decisions says why and how.
"""
