"""Files as NVIDIA's training writes them, made from our own generator under the names of the original's modules.

And the instructions of pickles, byte by byte, of which hostile and damaged ones are made.
"""

import io
import pickle
import struct
import sys
import types
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mia_kit.data import DataError
from mia_kit.models import StyleGAN2
from stylegan2_pickle import convert

SOURCE = "raise RuntimeError('the source code of the network was run')\n"
CLASSES = {"_Mapping": "MappingNetwork", "_Synthesis": "SynthesisNetwork", "_Block": "SynthesisBlock"}


class Described:
    """Pickled as the original's objects are: a call of a function that would run the source code."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name, self.state = class_name, state

    def __reduce__(self) -> tuple:
        meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": self.class_name}
        return (sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta | {"state": self.state},))


@contextmanager
def original_modules():
    """The modules of the original, as far as pickling asks for them, while the block runs."""
    persistence, util = types.ModuleType("torch_utils.persistence"), types.ModuleType("dnnlib.util")

    def _reconstruct_persistent_obj(meta: dict) -> None:
        raise AssertionError("a stand-in that is never called")

    class EasyDict(dict):
        pass

    for module, thing in ((persistence, _reconstruct_persistent_obj), (util, EasyDict)):
        thing.__module__, thing.__qualname__ = module.__name__, thing.__name__
        setattr(module, thing.__name__, thing)
    modules = {"torch_utils": types.ModuleType("torch_utils"), "dnnlib": types.ModuleType("dnnlib")}
    modules |= {"torch_utils.persistence": persistence, "dnnlib.util": util}
    sys.modules.update(modules)
    try:
        yield EasyDict
    finally:
        for name in modules:
            del sys.modules[name]


def described(network: nn.Module, arguments: dict[str, Any] | None = None) -> Described:
    """A module and all in it, with the attributes that PyTorch and the original give one."""
    state = {
        "training": False,
        "_parameters": OrderedDict(network._parameters),
        "_buffers": OrderedDict(network._buffers),
        "_non_persistent_buffers_set": set(),
        "_forward_hooks": OrderedDict(),
        "_is_full_backward_hook": None,
        "_modules": OrderedDict((name, described(inner)) for name, inner in network.named_children()),
        "weight_gain": np.float64(0.125) / np.sqrt(3),
        "_init_args": (),
        "_init_kwargs": arguments or {},
    }
    own = type(network).__name__
    return Described("Generator" if arguments else CLASSES.get(own, own.strip("_")), state)


def nvidia_bytes(network: nn.Module, arguments: dict[str, Any], *, protocol: int = 4, **others: Any) -> bytes:
    """The bytes of a snapshot whose generator is `network`; `arguments` are those of `StyleGAN2`, flat."""
    with original_modules() as easy:
        own = dict(arguments)
        mapping = easy(num_layers=own.pop("mapping_layers"))
        synthesis = easy({name: own.pop(name) for name in list(own) if name in ("channel_base", "channel_max")})
        synthesis |= {name: own.pop(name) for name in list(own) if name in ("conv_clamp", "architecture")}
        synthesis["num_fp16_res"] = 4
        whole = {"c_dim": 0, **own, "mapping_kwargs": mapping, "synthesis_kwargs": easy(synthesis)}
        generator = described(network, whole)
        content = {"G": generator, "D": None, "G_ema": generator, "augment_pipe": None}
        content |= {"training_set_kwargs": easy(class_name="training.dataset.ImageFolderDataset", xflip=True)}
        stream = io.BytesIO()
        pickle.dump(content | others, stream, protocol=protocol)
    return stream.getvalue()


TINY = {"z_dim": 6, "w_dim": 5, "img_resolution": 16, "img_channels": 3}
TINY |= {"channel_base": 64, "channel_max": 8, "mapping_layers": 2}


def tiny(**others) -> StyleGAN2:
    prior = StyleGAN2(seed=4, **TINY, **others)
    with torch.no_grad():
        for weight in prior.state_dict().values():
            weight += 0.1
    return prior.eval()


def whole(**others) -> bytes:
    return nvidia_bytes(tiny(), TINY, **others)


def refused(path: Path, out: Path, sentence: str) -> None:
    """`convert` gives one line that matches, and leaves what was there."""
    with pytest.raises(DataError, match=sentence) as caught:
        convert(path, out)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert [file.name for file in out.parent.iterdir()] == ["faces.safetensors"]
    assert out.read_bytes() == b"before"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def called(module: str, name: str, *arguments: bytes) -> bytes:
    """A call in protocol 2 whose arguments are pushed by the given instructions."""
    return f"c{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def by_stack(module: str, name: str, *arguments: bytes) -> bytes:
    """The same in protocol 4."""
    return text(module) + text(name) + b"\x93(" + b"".join(arguments) + b"tR"


def in_storage(content: bytes) -> bytes:
    return called("torch.storage", "_load_from_bytes", b"B" + struct.pack("<I", len(content)) + content)


def storage_head(*others: bytes) -> bytes:
    return b"".join(pickle.dumps(number, 2) for number in (0x1950A86A20F9469CFC6C, 1001)) + b"".join(others)
