"""HTTP: what runs as a server."""
