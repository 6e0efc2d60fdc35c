"""The routes, one module a view."""
