"""Files as NVIDIA's training writes them, made from our own generator under the names of the original's modules."""

import io
import pickle
import sys
import types
from collections import OrderedDict
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import nn

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
