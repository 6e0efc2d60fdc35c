"""Custody of a folder of files: who vouched for it, when, from which inputs, and what was changed since.

Nothing here knows what a dossier says: any folder can be signed, stamped and verified.
"""
