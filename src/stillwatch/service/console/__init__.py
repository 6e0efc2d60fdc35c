"""The analysts' console: read-only views of a case as pages, each with a JSON twin."""
