"""Entities, families of exchanges and weighted links between accounts, in bits."""
