"""Characters and their ids, shared by every part of the trainer.

Id 0 is the *end mark*: every line's ids end with it, so that the network can
attend to "nothing more to write" as it attends to a character. Ids from 1
follow the order of the alphabet string, which travels in the weights file.
"""

from __future__ import annotations

import re

#: What people type in English. The corpus has few or none of the signs from `/` on, and
#: little of some capitals and digits: `enrich.py` adds to them.
DEFAULT_ALPHABET = (
    " ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-/+&@#%=*$€"
)

END = 0


def normalise(text: str) -> str:
    """One spelling per sign: straight quotes, single blanks, no blank before punctuation."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s+([.,;:!?])", r"\1", text)


def encode(text: str, alphabet: str) -> list[int] | None:
    """Ids of `text` with the end mark, or `None` when a character is not in the alphabet."""
    table = {c: i + 1 for i, c in enumerate(alphabet)}
    try:
        return [table[c] for c in text] + [END]
    except KeyError:
        return None
