"""One frozen document a case, and its renderers."""
