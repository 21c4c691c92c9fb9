"""The alphabet: characters and their ids.

Id 0 is the *end mark*. Every encoded text ends with it, so that the window can attend to "the text is finished" as it
attends to a character. Ids from 1 on follow the order of the alphabet string, which is stored in the weights file.
"""

from __future__ import annotations

import re

#: The characters of ordinary English text. The IAM corpus has few or no examples of the symbols from `/` on, and few
#: of some capitals and digits: `train.augment` adds lines for them.
DEFAULT_ALPHABET = " ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-/+&@#%=*$€"

#: Stands between the texts of two lines, so that the network knows that a line begins. Only the alphabets of networks
#: that have learnt it have it, from pairs of lines or by `train.learn_line_break`. The same as in
#: `src/text/alphabet.rs`.
LINE_BREAK = "\n"

#: Id of the end mark.
END_ID = 0

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def normalise_text(text: str) -> str:
    """`text` with single blanks, none of them at either end or before punctuation."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s+([.,;:!?])", r"\1", text)


def between_lines(alphabet: str) -> str:
    """What stands between the texts of two lines in this alphabet: a blank if it has no line break."""
    return LINE_BREAK if LINE_BREAK in alphabet else " "


def encode(text: str, alphabet: str) -> list[int] | None:
    """Ids of `text` followed by the end mark, or `None` if a character is not in the alphabet."""
    table = {c: i + 1 for i, c in enumerate(alphabet)}
    try:
        return [table[c] for c in text] + [END_ID]
    except KeyError:
        return None
