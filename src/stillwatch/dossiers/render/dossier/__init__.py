"""Renderings of a dossier: one outline of blocks from the frozen document, and one writer for each medium."""
