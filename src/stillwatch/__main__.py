"""``python -m stillwatch``."""

from stillwatch.cli.app import main

main()
