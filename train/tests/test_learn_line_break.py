"""Learning the line break: it helps lines behind other lines, and changes nothing else."""

from argparse import Namespace

import jax.numpy as jnp
import numpy as np
import pytest

from train.data.alphabet import LINE_BREAK
from train.data.packed import pack_lines, save_packed
from train.evaluate.priming import following_lines, primed_log_loss
from train.export.quantise import quantise_network, quantise_rows
from train.export.weights_file import metadata, read_stored, write_weights
from train.learn_line_break import column_of, learn
from train.make_fixtures import PlaceholderCorpus
from train.network.optimiser import is_lstm_matrix
from train.tests.conftest import run_program, succeed, synthetic_lines, tiny_network

ALPHABET = " abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def ink(tmp_path_factory):
    """A packed file whose writers have lines of two forms; those for validation are those for training."""
    path = tmp_path_factory.mktemp("forms") / "forms.npz"
    lines = synthetic_lines(12, "train", 1) + synthetic_lines(12, "valid", 1)
    for number, line in enumerate(lines):
        line.name = f"form{number // 4 % 2}-{number}"
    save_packed(pack_lines(lines)[0], path)
    return path


def network_file(path, int8: bool, kind: str = "synthesis"):
    """A tiny network as it is exported, without a line break."""
    tensors, config = tiny_network(kind, **({"alphabet": ALPHABET} if kind == "synthesis" else {}))
    meta = metadata(config, PlaceholderCorpus, 20, {}, ["ann", "bob"][: config.writers], "f32")
    meta["dwell"] = [0.5 + 0.01 * place for place in range(len(config.alphabet))]
    write_weights(path, *quantise_network(tensors, meta, [("ann", "Ann"), ("bob", "Bob")], {}, int8))
    return path


def test_only_the_line_break_is_learnt(tmp_path, ink):
    paths = [network_file(tmp_path / f"{int8}.safetensors", int8) for int8 in (False, True)]
    files, losses = [read_stored(path) for path in paths], [primed_log_loss(path, ink) for path in paths]
    program = ("learn_line_break", "--data", ink, "--batch-size", 4, "--weights", *paths)
    succeed(*program, "--updates", 40)
    learnt = [read_stored(path) for path in paths]
    for path, before, (stored, meta), (now, about) in zip(paths, losses, files, learnt, strict=True):
        assert about == {**meta, "alphabet": ALPHABET + LINE_BREAK, "dwell": [*meta["dwell"], meta["dwell"][0]]}
        assert now.keys() == stored.keys()
        column = column_of(LINE_BREAK, about["alphabet"])
        for name, value in now.items():
            assert value.dtype == stored[name].dtype
            rest = np.delete(value, column, axis=1) if is_lstm_matrix(name) else value
            assert rest.tobytes() == stored[name].tobytes(), name
            if is_lstm_matrix(name):
                assert (value[:, column] != value[:, column_of(" ", ALPHABET)]).any()
                if value.dtype == np.float16:
                    assert (quantise_rows(value)[1] == quantise_rows(stored[name])[1]).all()
        after = primed_log_loss(path, ink)
        assert after.alone == before.alone
        assert after.primed < before.primed - 5

    # Once more, from where the first file is: nothing is learnt at a rate of zero.
    succeed(*program, "--updates", 1, "--learning-rate", 0)
    for path, (now, about) in zip(paths, learnt, strict=True):
        again, same = read_stored(path)
        assert same == about
        exact = path == paths[0]
        for name, value in now.items():
            assert (
                (again[name] == value).all() if exact else abs(np.subtract(again[name], value, dtype=float)).max() <= 1
            )


def test_the_gradient_of_everything_else_is_left_out(ink):
    tensors, config = tiny_network("synthesis", alphabet=ALPHABET + LINE_BREAK)
    meta = metadata(config, PlaceholderCorpus, 20, {}, ["ann", "bob"], "f32")
    corpus, lines = following_lines(ink, "train", meta, 99)
    args = Namespace(batch_size=4, bf16=False, updates=3, learning_rate=0.1, ema_decay=0.5, seed=1)
    learnt = learn({name: jnp.asarray(value) for name, value in tensors.items()}, meta, corpus, lines, args)
    column = column_of(LINE_BREAK, meta["alphabet"])
    for name, value in learnt.items():
        before, after = tensors[name], np.asarray(value)
        if is_lstm_matrix(name):
            assert (after[:, column] != before[:, column]).any()
            before, after = (np.delete(matrix, column, axis=1) for matrix in (before, after))
        assert (after == before).all(), name


def test_what_cannot_be_learnt_is_refused_and_the_files_stay(tmp_path, ink, packed_file):
    synthesis = network_file(tmp_path / "synthesis.safetensors", int8=False)
    prediction = network_file(tmp_path / "prediction.safetensors", int8=False, kind="prediction")
    other = network_file(tmp_path / "other.safetensors", int8=False)
    stored, meta = read_stored(other)
    write_weights(other, stored, {**meta, "offset_sd": [3.0, 4.0]})
    for paths, data, reason in [
        ([synthesis, other], ink, "other.safetensors: its network is another one"),
        ([synthesis, prediction], ink, "prediction.safetensors: a prediction network reads no text"),
        ([synthesis], packed_file, "writers with lines of two forms"),
    ]:
        before = [path.read_bytes() for path in paths]
        result = run_program("learn_line_break", "--weights", *paths, "--data", data)
        assert result.returncode
        assert reason in result.stderr
        assert [path.read_bytes() for path in paths] == before
