"""Where analysts' work rests: decisions, proposals, people and the audit log, in one SQLite file."""
