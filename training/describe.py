"""Gives weights their description: `python -m training.describe IN OUT title="My style" licence=CC0-1.0 ...`.

Senga shows title, licence, licence_url, commercial, author, source, training_data and note; what the source said of
itself is replaced.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.weights import load_generator, save_generator


def read_facts(words: list[str]) -> dict[str, str]:
    """Turns `key=value` words into a description.

    Raises:
        ValueError: if a word has no equals sign.
    """
    facts = dict(word.split("=", 1) for word in words if "=" in word)
    if len(facts) < len(words):
        raise ValueError("facts are written key=value, each key once")
    return facts


def main() -> None:
    """Writes a described copy of a weights file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("facts", nargs="*", help="key=value")
    options = parser.parse_args()
    save_generator(load_generator(options.source), options.out, read_facts(options.facts))


if __name__ == "__main__":
    main()
