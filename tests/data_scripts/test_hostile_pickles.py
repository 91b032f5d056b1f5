"""NVIDIA's pickles: hostile ones run nothing."""

import copyreg
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nvidia_files import Described, by_stack, called, in_storage, original_modules, refused, storage_head, text, whole
from torch import nn

from stylegan2_pickle import convert


class Evil:
    """Pickled as a call."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def in_parameters(evil: Evil) -> bytes:
    with original_modules():
        inner = Described("SynthesisNetwork", {"_parameters": {"weight": evil}})
        return pickle.dumps({"G_ema": Described("Generator", {"_modules": {"synthesis": inner}})})


PARAMETER = b"ctorch._utils\n_rebuild_parameter\n"
HOSTILE: dict[str, tuple[Callable[[str], bytes], str]] = {
    "system, protocol 0": (lambda do: b"cos\nsystem\n(S'" + do.encode() + b"'\ntR.", r"os\.system"),
    "system, protocol 4": (lambda do: pickle.dumps(Evil(os.system, do), 4), r"(posix|nt)\.system"),
    "chain": (
        lambda do: (
            b"cbuiltins\ngetattr\n(" + called("builtins", "__import__", text("os")) + text("system") + b"tR"
            b"(" + text(do) + b"tR."
        ),
        r"builtins\.getattr",
    ),
    "in a state": (lambda do: in_parameters(Evil(os.system, do)), r"(posix|nt)\.system"),
    "beside the network": (lambda do: whole(D=Evil(os.system, do)), r"(posix|nt)\.system"),
    "in a storage": (lambda do: in_storage(pickle.dumps(Evil(os.system, do))), "a storage that is none"),
    "in a storage's head": (
        lambda do: in_storage(storage_head(pickle.dumps(Evil(os.system, do), 2))),
        "a storage that is none",
    ),
    "setstate on a function": (lambda do: PARAMETER + b"}" + text("__setstate__") + PARAMETER + b"sb.", "a state for"),
    "slots on a function": (lambda do: PARAMETER + b"N}" + text("__code__") + text(do) + b"s\x86b.", "a state for"),
    "INST": (lambda do: b"(" + text(do) + b"ios\nsystem\n.", r"os\.system"),
    "OBJ": (lambda do: b"(cos\nsystem\n" + text(do) + b"o.", r"os\.system"),
    "NEWOBJ": (lambda do: b"\x80\x02csubprocess\nPopen\n" + text(do) + b"\x85\x81.", r"subprocess\.Popen"),
    "extension": (lambda do: b"\x80\x02\x82\xc8" + text(do) + b"\x85R.", "the extension 200"),
    "PERSID": (lambda do: b"P" + do.encode() + b"\n.", "an object outside"),
    "dotted module": (
        lambda do: b"\x80\x04" + by_stack("torch.nn.functional", "os.system", text(do)) + b".",
        r"torch\.nn\.functional\.os\.system",
    ),
    "attribute of what is allowed": (
        lambda do: b"\x80\x04" + by_stack("torch.storage", "_load_from_bytes.__globals__.get", text("os")) + b".",
        r"torch\.storage\._load_from_bytes\.__globals__\.get",
    ),
    "another encoding": (lambda do: called("_codecs", "encode", text(do), text("rot13")) + b".", "another encoding"),
    "names that move the cursor": (
        lambda do: b"\x80\x04" + by_stack("os\n\x1b[2J", "system" * 50, text(do)) + b".",
        r"os \?\[2J\.system",
    ),
}


@pytest.fixture
def extension() -> Iterator[None]:
    """os.system has an extension code, and it was used before, so that pickle hands it out without asking."""
    copyreg.add_extension("os", "system", 200)
    assert pickle.loads(b"\x80\x02\x82\xc8.") is os.system
    yield
    copyreg.remove_extension("os", "system", 200)
    copyreg.clear_extension_cache()


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.usefixtures("extension")
def test_hostile_pickles_run_nothing(kind: str, path: Path, out: Path, tmp_path: Path) -> None:
    make, asked = HOSTILE[kind]
    path.write_bytes(make(f"echo > {tmp_path / 'canary'}"))
    told = r"network\.pkl was refused, and nothing in it was run: expected .* that asks for"
    refused(path, out, rf"{told} .*{asked}.* instead\.$")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("kind", ["system, protocol 0", "system, protocol 4", "chain", "extension", "dotted module"])
@pytest.mark.usefixtures("extension")
def test_the_canary_tells(kind: str, tmp_path: Path) -> None:
    """Python's own reader runs them."""
    if kind == "dotted module":
        nn.functional.os = os  # a module that imports os has it
    pickle.loads(HOSTILE[kind][0](f"echo > {tmp_path / 'canary'}"))
    assert (tmp_path / "canary").exists()
    vars(nn.functional).pop("os", None)


def test_source_code_is_not_run(path: Path, out: Path) -> None:
    """Every file carries some; that of these would raise."""
    content = whole()
    assert content.count(b"the source code of the network was run") == 1
    path.write_bytes(content)
    convert(path, out)
