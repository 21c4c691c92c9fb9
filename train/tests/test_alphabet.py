"""Characters and their ids."""

from __future__ import annotations

import pytest

from alphabet import DEFAULT_ALPHABET, END, encode, normalise


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain words", "plain words"),
        ("  a\tb \n c ", "a b c"),
        ("end . And , so ; on : yes ! no ?", "end. And, so; on: yes! no?"),
        ("a ( b ) - c", "a ( b ) - c"),
    ],
)
def test_blanks_are_single_and_none_stands_before_punctuation(written, expected):
    assert normalise(written) == expected


def test_normalising_twice_changes_nothing_more():
    once = normalise(" He said : 'go'  , then  left . ")
    assert normalise(once) == once


def test_ids_follow_the_alphabet_and_end_with_the_end_mark():
    assert encode("cab a", "abc ") == [3, 1, 2, 4, 1, END]
    assert encode("", "abc") == [END]


def test_a_character_outside_the_alphabet_spoils_the_text():
    assert encode("abd", "abc") is None
    assert encode("É", DEFAULT_ALPHABET) is None


def test_every_character_of_the_default_alphabet_has_an_id_of_its_own():
    ids = encode(DEFAULT_ALPHABET, DEFAULT_ALPHABET)
    assert ids == [*range(1, len(DEFAULT_ALPHABET) + 1), END]
