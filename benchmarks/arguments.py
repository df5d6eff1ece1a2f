"""The command line of a benchmark."""

import argparse


def build_parser(description: str | None) -> argparse.ArgumentParser:
    """Build a parser whose `--help` shows a docstring as it is, with its example commands."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
