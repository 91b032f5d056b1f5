"""Five foreign classifiers of different kinds, trained on people who do not exist and audited with a budget.

    python tests/audit/five.py FOLDER --minutes 10      # the real sizes, one after the other, on all cores

Leaves FOLDER/table.md, a line for each classifier, and each one's report below FOLDER. A run that was killed goes on.
`--small` takes the sizes of the test beside it. ONNX needs onnx, which writes the file, and onnxruntime.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from foreign import configuration, draw_world, plain_network, train
from safetensors.torch import save_file
from torch import nn

from mia_kit import audit
from mia_kit.audit.report import Report
from mia_kit.audit.rows import Row, strongest
from mia_kit.models import load_dcgan
from mia_kit.models.foreign import torchvision_network
from mia_kit.models.priors import Prior


@dataclass(frozen=True)
class Case:
    """A classifier: how it is handed over, of how many classes and pictures of each, at which size."""

    kind: str
    classes: int
    per_class: int
    size: int
    epochs: int
    grey: bool = False
    rate: float = 2e-3

    @property
    def name(self) -> str:
        return self.kind.replace(" ", "_")


REAL = (
    Case("resnet18", 20, 10, 64, 5, rate=1e-3),
    Case("mobilenet_v3_small", 10, 12, 224, 3, rate=1e-3),
    Case("sequential", 500, 4, 32, 6, grey=True),
    Case("torchscript", 2, 60, 96, 12),
    Case("onnx", 20, 12, 48, 30),
)
SMALL = (
    Case("resnet18", 4, 5, 32, 1),
    Case("mobilenet_v3_small", 3, 5, 64, 1),
    Case("sequential", 12, 4, 32, 1, grey=True),
    Case("torchscript", 2, 6, 48, 1),
    Case("onnx", 4, 5, 32, 1),
)


def make(case: Case, folder: Path, prior: Prior) -> dict[str, Any]:
    """Draw the pictures, train the classifier, write it as its kind is written; the configuration of its audit."""
    world = draw_world(folder, prior, classes=case.classes, per_class=case.per_class, size=case.size, grey=case.grey)
    channels = 1 if case.grey else 3
    network: nn.Module = plain_network(case.classes, channels)
    if case.kind in ("resnet18", "mobilenet_v3_small"):
        network = torchvision_network(case.kind, case.classes, seed=0)
    train(network, world.train, epochs=case.epochs, rate=case.rate)
    model: dict[str, Any] = {}
    if case.kind == "sequential":
        save_file(network.state_dict(), folder / "weights.safetensors")
        arguments = {"classes": case.classes, "channels": channels}
        weights = str(folder / "weights.safetensors")
        model = {"module": "foreign:plain_network", "arguments": arguments, "weights": weights}
    elif case.kind == "torchscript":
        torch.jit.save(torch.jit.script(network), folder / "model.ts")
        model = {"torchscript": str(folder / "model.ts")}
    elif case.kind == "onnx":
        write_onnx(network, folder / "model.onnx", (channels, case.size, case.size))
        model = {"onnx": str(folder / "model.onnx")}
    else:
        torch.save({"state_dict": network.state_dict(), "epoch": case.epochs}, folder / "weights.pt")
        model = {"torchvision": case.kind, "weights": str(folder / "weights.pt")}
    return configuration(world, model, size=case.size, colours=channels)


def write_onnx(network: nn.Module, path: Path, shape: tuple[int, ...]) -> None:
    """The plain network as an ONNX file, operator by operator: PyTorch's own exporter needs more packages."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, weights, last, pool = [], [], "pictures", [shape[1] // 16] * 2
    for place, layer in enumerate(network):  # type: ignore[arg-type]
        name, names = f"layer{place}", list[str]()
        state = {key: tensor for key, tensor in layer.state_dict().items() if tensor.ndim}
        for key, tensor in state.items():
            weights.append(numpy_helper.from_array(tensor.numpy(), f"{name}.{key}"))
            names.append(f"{name}.{key}")
        kind, options = {
            nn.Conv2d: ("Conv", {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
            nn.BatchNorm2d: ("BatchNormalization", {}),
            nn.ReLU: ("Relu", {}),
            nn.AdaptiveAvgPool2d: ("AveragePool", {"kernel_shape": pool, "strides": pool}),
            nn.Flatten: ("Flatten", {}),
            nn.Linear: ("Gemm", {"transB": 1}),
        }[type(layer)]
        nodes.append(helper.make_node(kind, [last, *names], [name], **options))
        last = name
    given = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", *shape])
    answer = helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", None])
    graph = helper.make_graph(nodes, "classifier", [given], [answer], weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


HEAD = (
    "| classifier | pictures | classes | minutes | membership: area | found at 1 % false alarms | classes brought back "
    "| floor: the prior | ceiling: a second judge | warnings | left out |\n" + "|---" * 11 + "|"
)


def line(case: Case, report: Report) -> str:
    """A row of the table: the strongest attack of each kind with its interval, beside it floor and ceiling."""

    def shown(row: Row | None) -> str:
        return f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}] {row.attack}" if row else "-"

    def control(name: str) -> Row | None:
        return next((row for row in report.rows if row.attack == name and not row.unit), None)

    best = [shown(strongest(report.rows, measure)) for measure in ("auc", "tpr@1%", "recognised")]
    beside = [shown(control(name)) for name in ("start", "oracle")]
    words = ["; ".join(report.warnings) or "none", ", ".join(report.left_out) or "nothing"]
    size = f"{case.size} px{', grey' * case.grey}"
    cells = [case.kind, size, str(case.classes), f"{report.seconds / 60:.1f}", *best, *beside, *words]
    return f"| {' | '.join(cells)} |"


def audited(case: Case, folder: Path, prior: Prior, minutes: float) -> Report:
    """Train the classifier, unless it was, and audit it."""
    kept = folder / "audit.json"
    if not kept.is_file():
        began = time.perf_counter()
        settings = make(case, folder, prior)
        kept.write_text(json.dumps(settings), encoding="utf-8")
        print(f"{case.kind}: trained in {time.perf_counter() - began:.0f} s", flush=True)
    settings = json.loads(kept.read_text(encoding="utf-8"))
    settings["pictures"]["most"] = 2000
    settings |= {"inversion": {"prior": "dcgan", "show": True}, "budget": minutes}
    if case.kind != "torchscript":  # which cannot be made anew
        settings["train"] = {"epochs": case.epochs, "batch_size": 32, "learning_rate": case.rate}
        settings["train"] |= {"torchvision": "resnet18", "epochs": 5} if case.kind == "onnx" else {}
    report = audit.run(settings, trust=True, progress=False)
    report.write()
    return report


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--kinds", nargs="*", default=[case.kind for case in REAL])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    prior, lines = load_dcgan(), [HEAD]
    for case in (case for case in (SMALL if options.small else REAL) if case.kind in options.kinds):
        if case.kind == "onnx" and not all(map(importlib.util.find_spec, ("onnx", "onnxruntime"))):
            print("onnx is left out: python -m pip install onnx onnxruntime")
            continue
        kept = options.folder / case.name / "line.md"
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            report = audited(case, kept.parent, prior, options.minutes)
            kept.write_text(line(case, report), encoding="utf-8")
        lines.append(kept.read_text(encoding="utf-8"))
        print(lines[-1], flush=True)
        (options.folder / "table.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
