"""Text from files, exceptions and arguments, cleaned so that it is safe to print and to save."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

_BLANKS = {"Zl", "Zp"}
_DROPPED = {"Cc", "Cf", "Cn"}  # control, bidirectional and invisible characters, invalid in XML

# The same characters as a pattern for types, so that decoding a results file fails at such a character. Unassigned
# characters are allowed, since the next Unicode may assign them; printing drops them.
_FORBIDDEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
ONE_LINE = rf"^[^\t\n{_FORBIDDEN}]*\Z"
LINES = rf"^[^{_FORBIDDEN}]*\Z"


def safe_text(text: object, limit: int = 200) -> str:
    """Make text safe to print: one line without control, invisible or direction-changing characters.

    Longer text is cut to `limit` characters, the last one an ellipsis. Markup stays: writers escape it (autoescape in
    HTML, `report.content.words.markdown` in Markdown).
    """
    line = str(text)[: 8 * limit]
    if not (line.isascii() and line.isprintable()):  # most texts need no look at each character
        line = "".join(map(_cleaned, line))
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _cleaned(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in _BLANKS:
        return " "
    if category == "Cs":
        return "\ufffd"  # a byte of a file name that is not UTF-8
    return "" if category in _DROPPED else character


def told_apart(names: Sequence[str], limit: int) -> list[str]:
    """Make names safe to print, with at most `limit` characters each, so that different names stay different.

    Names that would be cut to the same text keep both ends; if that is not enough, they get numbers.
    """
    shown = [safe_text(name, limit) for name in names]
    half = limit // 2
    for form in range(2):
        count = Counter(dict(zip(names, shown, strict=True)).values())
        for place, name in enumerate(names):
            if count[shown[place]] > 1:
                whole = safe_text(name, len(name) + 1)
                number = f"… ({list(dict.fromkeys(names)).index(name) + 1})"
                cut = f"{whole[: limit - half - 1]}…{whole[-half:]}" if len(whole) > limit else whole
                shown[place] = f"{whole[: limit - len(number)]}{number}" if form else cut
    return shown


def safe_lines(text: object, limit: int) -> str:
    """Make text of several lines, such as a stack, safe to print; keep line breaks and indentation."""
    lines = []
    for line in str(text)[: 8 * limit].splitlines():
        inner = line.lstrip(" ")
        lines.append(" " * (len(line) - len(inner)) + safe_text(inner, limit))
    whole = "\n".join(lines)
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def count(number: int, noun: str) -> str:
    """Write a number of things: '1 case', '1,200 cases', '2 copies', '2 processes'."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}es" if noun.endswith("ss") else f"{noun}s"
    return f"{number:,} {plural}"
