"""NVIDIA's pickles: well-formed ones give the same images, broken ones give one sentence."""

import json
import pickle
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from nvidia_files import TINY, Described, called, in_storage, nvidia_bytes, original_modules, refused, tiny, whole
from safetensors import safe_open

import convert_stylegan2
from mia_kit.data import DataError
from mia_kit.models import load_stylegan2, sample_latents
from stylegan2_pickle import convert


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_the_same_images(path: Path, out: Path, protocol: int) -> None:
    path.write_bytes(whole(protocol=protocol))
    convert(path, out)
    prior, read = tiny(), load_stylegan2(out, truncation=1.0)
    latents = sample_latents(prior, 3, seed=0)
    assert torch.equal(read(latents), prior(latents))
    assert [file.name for file in out.parent.iterdir()] == ["faces.safetensors"]


def test_what_the_generator_was_built_with(path: Path, out: Path) -> None:
    path.write_bytes(nvidia_bytes(tiny(conv_clamp=256), {**TINY, "conv_clamp": 256}))
    convert(path, out)
    with safe_open(out, framework="pt") as file:
        arguments = {name: json.loads(value) for name, value in file.metadata().items()}
        assert set(file.keys()) == set(tiny().state_dict())
    assert arguments == {**TINY, "conv_clamp": 256, "lr_multiplier": 0.01}
    assert "torch_utils" not in sys.modules


def stored(count: int, *, said: int | None = None) -> bytes:
    """A storage of `count` numbers in PyTorch's old format, which may say that it has more."""
    storage = torch.zeros(count).__reduce_ex__(2)[1][0]
    (content,) = storage.__reduce__()[1]
    return content if said is None else content.replace(struct.pack("<q", count), struct.pack("<q", said))


def tensor(storage: bytes, size: list[int], stride: list[int], offset: int = 0) -> bytes:
    def numbers(values: list[int]) -> bytes:
        return b"(" + b"".join(pickle.dumps(value, 2)[2:-1] for value in values) + b"t"

    made = numbers([offset])[1:-1] + numbers(size) + numbers(stride) + b"\x89" + b"}"
    return b"\x80\x02" + called("torch._utils", "_rebuild_tensor_v2", in_storage(storage), made) + b"."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: tensor(stored(6), [10**6, 10**6], [10**6, 1]), "larger than its 6 numbers"),
        (lambda: tensor(stored(6), [2], [1], 5), "larger than its 6 numbers"),
        (lambda: tensor(stored(6), [-1], [1]), "not made of whole numbers"),
        (lambda: tensor(stored(6, said=10**12), [2], [1]), "a storage that is none|"),
        (lambda: tensor(stored(6)[:-4], [2], [1]), "a storage that is none|"),
        (lambda: b"\x80\x04" + b"\x8e" + struct.pack("<Q", 2**62) + b".", ""),
        (lambda: b"", "EOFError"),
        (lambda: b"<html>not found</html>", ""),
        (lambda: b"\x80\x63.", "unsupported pickle protocol"),
        (lambda: b"R.", ""),
        *[(lambda share=share: whole()[: int(share * len(whole()))], "") for share in (0.02, 0.3, 0.6, 0.999)],
    ],
)
def test_broken_files(path: Path, out: Path, content: Callable[[], bytes], sentence: str) -> None:
    path.write_bytes(content())
    told = r"network\.pkl is damaged, half downloaded or no pickle"
    refused(path, out, rf"{told} \(.*({sentence}).*\): get it again\.$|asks for ({sentence}) ")


def modules(**state) -> bytes:
    with original_modules():
        arguments = {"_init_kwargs": {**TINY, "mapping_kwargs": {}, "synthesis_kwargs": {}}}
        return pickle.dumps({"G_ema": Described("Generator", arguments | state)})


def test_modules_that_share_modules(path: Path, out: Path) -> None:
    """Forty modules in a small file are 2 ** 40 to whoever walks through them."""
    with original_modules():
        below = Described("A", {})
        for _ in range(40):
            below = Described("A", {"_modules": {"left": below, "right": below}})
    path.write_bytes(modules(_modules={"a": below}))
    refused(path, out, "expected at most 2000 modules")


def test_one_storage_under_many_names(path: Path, out: Path) -> None:
    weight = torch.zeros(1000)
    path.write_bytes(modules(_buffers={str(place): weight for place in range(100)}))
    refused(path, out, r"expected tensors of at most the file's \d+ bytes, got 400000")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: nvidia_bytes(tiny(), {**TINY, "img_resolution": 8}), r"expected no tensor called synthesis\.b16"),
        (lambda: nvidia_bytes(tiny(), {**TINY, "c_dim": 10}), "expected c_dim to be 0, got 10 instead"),
        (lambda: nvidia_bytes(tiny(), {**TINY, "architecture": "resnet"}), "architecture to be skip, got resnet"),
        (lambda: nvidia_bytes(tiny(), {**TINY, "magnitude": 3}), "expected no argument magnitude = 3"),
        (lambda: whole(G_ema=None), "expected a Generator called G_ema, got none"),
        (lambda: b"\x80\x02}r\xff\xff\xff\x7f.", "expected a Generator called G_ema, got none"),  # takes no memory
        (lambda: modules(_buffers={"x": "y"}), "expected a tensor called x, got something else"),
        (lambda: modules(_buffers=[]), "expected a dictionary of at most 2000 buffers"),
        (lambda: modules(_init_kwargs=3), "expected the arguments that the generator was built with"),
    ],
)
def test_other_networks(path: Path, out: Path, content: Callable[[], bytes], sentence: str) -> None:
    path.write_bytes(content())
    told = r"network\.pkl holds no generator that fits"
    refused(path, out, rf"{told} \(.*{sentence}.*\): give a file of StyleGAN2-ADA\.$")


def test_script(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    path.write_bytes(whole())
    monkeypatch.setattr(sys, "argv", ["convert", str(path)])
    convert_stylegan2.main()
    written = tmp_path / "stylegan2" / "network.safetensors"
    assert load_stylegan2(written).image_size == (3, 16, 16)
    assert "research" in (said := capsys.readouterr().out)
    assert f"Wrote {written}" in said
    path.write_bytes(b"cos\nsystem\n.")
    convert_stylegan2.main()
    assert "is there already" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["convert", str(path), "--force"])
    with pytest.raises(DataError, match=r"network\.pkl was refused, .* os\.system instead\.$"):
        convert_stylegan2.main()
    assert load_stylegan2(written).image_size == (3, 16, 16)
