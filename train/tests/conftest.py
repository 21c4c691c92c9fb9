"""Shared by the trainer's tests: synthetic ink, tiny networks, and a way to run the programs.

No test reads the corpus; all ink comes from seeded random numbers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from train.augment.glyphs import SegmentedLine, segment_line
from train.data.alphabet import CAPITALS, DIGITS
from train.data.corpus import Corpus, load_split
from train.data.lines import InkLine, strokes_to_offsets
from train.data.packed import pack_lines, save_packed
from train.network.config import Config
from train.network.parameters import init_params

ROOT = Path(__file__).resolve().parents[2]

# On the CPU, where f32 products are exact to f32; tiny networks run no faster for being optimised.
SETTINGS = {"jax_platforms": "cpu", "jax_disable_most_optimizations": True}
for setting, value in SETTINGS.items():
    jax.config.update(setting, value)
# Two devices, so that a batch is shared among them as in training.
jax.config.update("jax_num_cpu_devices", 2)

WORDS = ["ink", "pen", "loop", "line", "word", "page", "dot", "quill"]


#: A character's ink, 15 wide and 40 high.
BOX = np.array([[0, 20], [3, 0], [6, 20], [9, 40], [12, 24], [15, 10], [12, 30], [9, 18], [6, 22]], float)


def line_of(text: str, writer: str = "ann", size: float = 1.0) -> SegmentedLine:
    """A line in which every character is one stroke, 40 high.

    Capitals and digits are 80 high and each has its own shape.
    """
    strokes, characters, left = [], [], 0.0
    for index, character in enumerate(text):
        if character != " ":
            shape = np.random.default_rng(ord(character)).permutation(len(BOX))
            tall = character in DIGITS + CAPITALS
            box = BOX[shape] * [1, 2] - [0, 30] if tall else BOX
            strokes.append((box + np.array([left, 0])) * size)
            characters.append(np.full(len(BOX), index))
        left += 24 if character != " " else 30
    points = strokes_to_offsets(strokes)
    return segment_line(points, text, writer, np.concatenate(characters)[1:])


def synthetic_strokes(text: str, rng: np.random.Generator, per_letter: int = 10) -> list[np.ndarray]:
    """Loops from left to right, one stroke for each word; a letter decides how tall its loop is."""
    strokes, left = [], 0.0
    for word in text.split(" "):
        turn = np.arange(per_letter * len(word)) / per_letter
        height = np.repeat([10.0 + ord(letter) % 17 for letter in word], per_letter)
        stroke = np.stack([left + 20 * turn + 6 * np.sin(2 * np.pi * turn), height * np.cos(2 * np.pi * turn)], axis=1)
        strokes.append(stroke + rng.normal(0, 0.5, stroke.shape))
        left += 20 * len(word) + 15
    return strokes


def synthetic_lines(count: int, split: str, seed: int, writers=("ann", "bob")) -> list[InkLine]:
    """Lines of two or three words, no text twice."""
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    while len(texts) < count:
        text = " ".join(rng.choice(WORDS, rng.integers(2, 4)))
        if text not in texts:
            texts.append(text)
    return [
        InkLine(f"{split}-{i}", text, synthetic_strokes(text, rng), writers[i % len(writers)], split)
        for i, text in enumerate(texts)
    ]


@pytest.fixture(scope="session")
def packed_file(tmp_path_factory) -> Path:
    """A packed file of synthetic ink: 16 training lines and 5 validation lines."""
    path = tmp_path_factory.mktemp("ink") / "ink.npz"
    lines = synthetic_lines(16, "train", 1) + synthetic_lines(5, "valid", 2, writers=("eve",))
    packed, dropped = pack_lines(lines)
    assert dropped == 0
    save_packed(packed, path)
    return path


@pytest.fixture(scope="session")
def train_corpus(packed_file) -> Corpus:
    """The training lines."""
    return load_split(packed_file, "train")


@pytest.fixture(scope="session")
def valid_corpus(packed_file, train_corpus) -> Corpus:
    """The validation lines, in the units of the training lines."""
    return load_split(packed_file, "valid", units=(train_corpus.mean, train_corpus.sd))


def tiny_config(kind: str, alphabet: str = " abcde") -> Config:
    """A small network of odd sizes; "stacked" is a prediction network without skip connections."""
    if kind == "stacked":
        return Config("prediction", hidden=(7, 7), mixtures=2, skips=False)
    if kind == "prediction":
        return Config(kind, hidden=(7, 5), mixtures=3)
    return Config(kind, hidden=(7, 6, 5), mixtures=3, window=2, alphabet=alphabet, style_dim=4, writers=2, stop=True)


def tiny_network(kind: str, seed: int = 3, **changes) -> tuple[dict[str, np.ndarray], Config]:
    """Tensors and shapes of a small random network in which no bias is zero and the window depends on its input."""
    config = tiny_config(kind, **changes)
    rng = np.random.default_rng(seed)
    return {
        name: np.asarray(value + rng.normal(0, 0.2, value.shape), np.float32)
        for name, value in init_params(config, seed, 0.3).items()
    }, config


def run_program(name: str, *arguments) -> subprocess.CompletedProcess[str]:
    """Run the program `train.NAME` as a user does, from the repository's root."""
    return subprocess.run(
        [sys.executable, "-m", f"train.{name}", *map(str, arguments)],
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
    """Run a program that must succeed, and return what it printed."""
    result = run_program(name, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout
