"""Text that came from outside, made safe to show.

DNS text, reports and mail are written by strangers. Whatever of theirs is printed goes through `visible` first.
"""

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL = (*range(0x20), *range(0x7F, 0xA0))

_ESCAPES = {code: f"\\x{code:02x}" for code in _CONTROL} | {code: f"\\u{code:04x}" for code in _BIDI}


def visible(text: str) -> str:
    r"""Replace C0, DEL, C1 and bidirectional control characters by `\xNN` or `\uNNNN`."""
    return text.translate(_ESCAPES)
