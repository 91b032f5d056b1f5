"""Checkpoint files: whole or not there, read without running code, and never another run's."""

import errno
import os
import pickle
import random
import zipfile
from functools import partial

import pytest
import torch

from mia_kit.training.checkpoints import CheckpointError, fingerprint, load_checkpoint, run_key, save_checkpoint

STATE = {"weights": torch.arange(2000.0), "step": 7, "history": [(0.5, 1e-3)]}


class Hostile:
    """Unpickled, it would make the file it is given."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return open, (self.trace, "w")


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "new folder" / "run.pt"
    save_checkpoint(target, STATE, run="mine")
    return target


def test_what_was_saved_comes_back_and_nothing_else_is_left(path):
    found = load_checkpoint(path, run="mine")
    assert torch.equal(found.pop("weights"), STATE["weights"])
    assert found == {"step": 7, "history": [(0.5, 1e-3)]}
    assert [entry.name for entry in path.parent.iterdir()] == ["run.pt"]


def test_another_runs_checkpoint_is_refused(path):
    with pytest.raises(CheckpointError, match=r"run\.pt belongs to a run with other settings: delete or move it\.$"):
        load_checkpoint(path, run="theirs")


def test_what_a_killed_run_left_half_written_is_removed(path):
    (path.parent / "run.pt.x1y2.part").write_bytes(b"half")
    (path.parent / "other.pt.x1y2.part").write_bytes(b"not ours")
    load_checkpoint(path, run="mine")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["other.pt.x1y2.part", "run.pt"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"run\.pt cannot be read: delete it to start again\.$"):
        load_checkpoint(path, run="mine")


def test_a_flipped_bit_in_the_weights_is_noticed(path):
    content = bytearray(path.read_bytes())
    content[content.index(torch.arange(1000.0, 1010.0).numpy().tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(path, run="mine")


def test_any_other_damage_is_refused_or_does_no_harm(path):
    """Bytes changed at random places: an error of the one kind, or the state as it was (padding was hit)."""
    whole, chance = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(200):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 4, 64))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            found = load_checkpoint(path, run="mine")
        except CheckpointError:
            refused += 1
        else:
            assert torch.equal(found["weights"], STATE["weights"]) and found["step"] == 7
    assert refused > 100


def as_plain_pickle(path, trace):
    path.write_bytes(pickle.dumps({"run": "mine", "state": Hostile(trace)}))


def as_pytorchs_old_format(path, trace):
    torch.save({"run": "mine", "state": Hostile(trace)}, path, _use_new_zipfile_serialization=False)


def as_pytorchs_format(path, trace):
    torch.save({"run": "mine", "state": Hostile(trace)}, path)


@pytest.mark.parametrize("write", [as_plain_pickle, as_pytorchs_old_format, as_pytorchs_format])
def test_code_in_a_file_is_not_run(write, path, tmp_path):
    trace = tmp_path / "trace"
    write(path, trace)
    with pytest.raises(CheckpointError, match=r"run\.pt cannot be read"):
        load_checkpoint(path, run="mine")
    assert not trace.exists()
    if zipfile.is_zipfile(path):  # the trap works where it is not disarmed
        torch.load(path, weights_only=False)
        assert trace.exists()


def test_a_full_disk_leaves_the_last_checkpoint_whole(path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"run\.pt could not be written \(No space left on device\)") as caught:
        save_checkpoint(path, {"step": 8}, run="mine")
    assert caught.value.errno == errno.ENOSPC
    assert [entry.name for entry in path.parent.iterdir()] == ["run.pt"]
    assert load_checkpoint(path, run="mine")["step"] == 7


def test_fingerprints_tell_names_shapes_dtypes_and_values_apart():
    tensor = torch.arange(6.0)
    variants = [
        {"a": tensor},
        {"b": tensor},
        {"a": tensor.reshape(2, 3)},
        {"a": tensor.reshape(3, 2)},
        {"a": tensor.to(torch.int64)},
        {"a": tensor + 1e-6},
        {"a": tensor, "b": tensor},
        {"a": torch.tensor(1)},
    ]
    assert len({fingerprint(tensors) for tensors in variants}) == len(variants)
    wide = torch.arange(24.0).reshape(1, 2, 3, 4)
    assert fingerprint({"a": wide.to(memory_format=torch.channels_last)}) == fingerprint({"a": wide})


def test_the_arguments_of_a_partial_are_settings():
    def key(**settings):
        nothing = torch.zeros(1)
        return run_key(torch.nn.Flatten(), nothing, nothing, optimiser=partial(torch.optim.SGD, **settings))

    keys = [key(momentum=0.9), key(momentum=0.5), key(), key(momentum=0.9, nesterov=True)]
    assert len(set(keys)) == 4 and key(nesterov=True, momentum=0.9) == keys[3]
