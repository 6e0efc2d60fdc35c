"""stillwatch: finds groups of accounts that distil a language model through its API."""

__version__ = "0.1.0"
