"""The state between scans: sketches by day, accounts and campaigns, in a folder or in PostgreSQL for a team."""
