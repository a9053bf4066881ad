"""CSV cells that a spreadsheet would run as formulas, made harmless in a way that can be undone.

See OWASP, "CSV Injection": a leading = + - @ tab or carriage return starts a formula.
"""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


def neutralise(cell: str) -> str:
    """Put an apostrophe before a cell that begins dangerously, or with an apostrophe itself."""
    return _MARK + cell if cell.startswith((*_DANGEROUS, _MARK)) else cell


def restore(cell: str) -> str:
    """Undo `neutralise`."""
    return cell.removeprefix(_MARK)
