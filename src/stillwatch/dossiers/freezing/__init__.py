"""Freezing: from a case's folder to the dossier of one campaign, section by section. Nothing is detected here."""
