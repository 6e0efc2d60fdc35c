"""What each page shows, as plain values: one dataclass a view, the same for the page and its JSON twin."""
