"""`python -m rookery`, which is `rookery`."""


def main() -> None:
    """See cli.commands."""
    from rookery.cli.commands import main as run  # here, since each worker's process loads this module too

    run()


if __name__ == "__main__":
    main()
