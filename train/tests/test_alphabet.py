"""Characters and their ids."""

from __future__ import annotations

import pytest

from train.data.alphabet import DEFAULT_ALPHABET, END_ID, encode, normalise_text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain words", "plain words"),
        ("  a\tb \n c ", "a b c"),
        ("end . And , so ; on : yes ! no ?", "end. And, so; on: yes! no?"),
        ("a ( b ) - c", "a ( b ) - c"),
    ],
)
def test_normalising_collapses_blanks_and_removes_those_before_punctuation(written, expected):
    assert normalise_text(written) == expected


def test_normalising_is_idempotent():
    once = normalise_text(" He said : 'go'  , then  left . ")
    assert normalise_text(once) == once


def test_ids_follow_the_alphabet_and_end_with_the_end_mark():
    assert encode("cab a", "abc ") == [3, 1, 2, 4, 1, END_ID]
    assert encode("", "abc") == [END_ID]


def test_a_text_with_a_character_outside_the_alphabet_cannot_be_encoded():
    assert encode("abd", "abc") is None
    assert encode("É", DEFAULT_ALPHABET) is None


def test_every_character_of_the_default_alphabet_has_its_own_id():
    ids = encode(DEFAULT_ALPHABET, DEFAULT_ALPHABET)
    assert ids == [*range(1, len(DEFAULT_ALPHABET) + 1), END_ID]
