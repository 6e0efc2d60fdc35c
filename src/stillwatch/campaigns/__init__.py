"""Linked groups, their tests against matched controls, and memberships."""
