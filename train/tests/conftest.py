"""What the trainer's tests share: the path to it, made-up ink, and a way to run its programs.

No test reads the corpus. Everything here comes from seeded random numbers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import numpy as np
import pytest

import data
import pieces
import prepare
from model import Config, init

TRAIN = Path(__file__).resolve().parents[1]
ROOT = TRAIN.parent

# The CPU, whose f32 is f32; and tiny networks run no faster for having been compiled with care.
SETTINGS = {"jax_platforms": "cpu", "jax_disable_most_optimizations": True}
for setting, value in SETTINGS.items():
    jax.config.update(setting, value)
# Two devices, so that a batch is shared among them as in training.
jax.config.update("jax_num_cpu_devices", 2)

WORDS = ["ink", "pen", "loop", "line", "word", "page", "dot", "quill"]


#: A character's ink, 15 wide and 40 high.
BOX = np.array([[0, 20], [3, 0], [6, 20], [9, 40], [12, 24], [15, 10], [12, 30], [9, 18], [6, 22]], float)


def line_of(text: str, writer: str = "ann", size: float = 1.0) -> pieces.Written:
    """Every character a stroke of its own, 40 high, capitals and digits 80 and each of its own shape; blanks leave a
    gap.
    """
    strokes, characters, left = [], [], 0.0
    for index, character in enumerate(text):
        if character != " ":
            shape = np.random.default_rng(ord(character)).permutation(len(BOX))
            tall = character in pieces.DIGITS + pieces.CAPITALS
            box = BOX[shape] * [1, 2] - [0, 30] if tall else BOX
            strokes.append((box + np.array([left, 0])) * size)
            characters.append(np.full(len(BOX), index))
        left += 24 if character != " " else 30
    points = prepare.offsets(strokes)
    return pieces.written(points, text, writer, np.concatenate(characters)[1:])


def made_up_strokes(text: str, rng: np.random.Generator, per_letter: int = 10) -> list[np.ndarray]:
    """Loops from left to right, one stroke for each word; a letter decides how tall its loop is."""
    strokes, left = [], 0.0
    for word in text.split(" "):
        turn = np.arange(per_letter * len(word)) / per_letter
        height = np.repeat([10.0 + ord(letter) % 17 for letter in word], per_letter)
        stroke = np.stack(
            [left + 20 * turn + 6 * np.sin(2 * np.pi * turn), height * np.cos(2 * np.pi * turn)], axis=1
        )
        strokes.append(stroke + rng.normal(0, 0.5, stroke.shape))
        left += 20 * len(word) + 15
    return strokes


def made_up_lines(count: int, split: str, seed: int, writers=("ann", "bob")) -> list[prepare.Line]:
    """Lines of two or three words, no text twice."""
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    while len(texts) < count:
        text = " ".join(rng.choice(WORDS, rng.integers(2, 4)))
        if text not in texts:
            texts.append(text)
    return [
        prepare.Line(f"{split}-{i}", text, made_up_strokes(text, rng), writers[i % len(writers)], split)
        for i, text in enumerate(texts)
    ]


@pytest.fixture(scope="session")
def packed_file(tmp_path_factory) -> Path:
    """Made-up ink as `prepare.py` packs it: 16 lines to learn from, 5 to check."""
    path = tmp_path_factory.mktemp("ink") / "ink.npz"
    lines = made_up_lines(16, "train", 1) + made_up_lines(5, "valid", 2, writers=("eve",))
    packed, dropped = prepare.pack(lines)
    assert dropped == 0
    prepare.save(packed, path)
    return path


@pytest.fixture(scope="session")
def train_corpus(packed_file) -> data.Corpus:
    """The lines to learn from."""
    return data.load(packed_file, "train")


@pytest.fixture(scope="session")
def valid_corpus(packed_file, train_corpus) -> data.Corpus:
    """The lines to check, in the units of the others."""
    return data.load(packed_file, "valid", units=(train_corpus.mean, train_corpus.sd))


def tiny_config(kind: str, alphabet: str = " abcde") -> Config:
    """A small network of odd sizes."""
    if kind == "prediction":
        return Config(kind, hidden=(7, 5), mixtures=3)
    return Config(
        kind, hidden=(7, 6, 5), mixtures=3, window=2, alphabet=alphabet, style_dim=4, writers=2, stop=True
    )


def tiny_network(kind: str, seed: int = 3, **changes) -> tuple[dict[str, np.ndarray], Config]:
    """Its tensors, with every one of them at work: no bias is zero, the window looks at what it sees."""
    config = tiny_config(kind, **changes)
    rng = np.random.default_rng(seed)
    return {
        name: np.asarray(value + rng.normal(0, 0.2, value.shape), np.float32)
        for name, value in init(config, seed, 0.3).items()
    }, config


def run_program(name: str, *arguments) -> subprocess.CompletedProcess[str]:
    """Run one of the trainer's programs as a user does, from the repository's root."""
    return subprocess.run(
        [sys.executable, str(TRAIN / name), *map(str, arguments)],
        cwd=ROOT,
        env={
            **os.environ,
            **{setting.upper(): str(value) for setting, value in SETTINGS.items()},
            "PYTHONIOENCODING": "utf-8",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def succeed(name: str, *arguments) -> str:
    """Run a program that must succeed; what it printed."""
    result = run_program(name, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout
