"""stillwatch: finds, proves and stops unauthorised distillation of a language model through its API."""

__version__ = "0.1.0"
