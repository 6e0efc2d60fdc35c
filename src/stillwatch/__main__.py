"""``python -m stillwatch``."""

from stillwatch.cli.app import main

if __name__ == "__main__":  # a worker process imports this module as well
    main()
