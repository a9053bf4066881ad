"""Cuts inputs of given lengths out of a long run of token ids."""

from collections.abc import Sequence


def cut_pieces(stream: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Return a piece of `stream` for each length, each from another place of it."""
    pieces, start = [], 0
    for length in lengths:
        start = start if start + length <= len(stream) else 0
        pieces.append([stream[(start + offset) % len(stream)] for offset in range(length)])
        start += length
    return pieces
