"""Audits of small foreign classifiers: what leaks is told from what does not, a stopped run goes on."""

import csv
import importlib.util
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
import yaml
from foreign import CASES, Case, World, configuration, draw_world, make, plain_network, random_prior, save, train
from safetensors.torch import save_file
from torch import Tensor, nn

from mia_kit import audit, cli
from mia_kit.audit import config, pictures, plan, shields
from mia_kit.audit.membership import margins
from mia_kit.audit.plan import Costs
from mia_kit.audit.report import Report
from mia_kit.audit.rows import Row, strongest
from mia_kit.data.folders import DataError
from mia_kit.models import sample_latents
from mia_kit.models.convolutional_gan import ConvolutionalPrior
from mia_kit.threads import one_thread
from mia_kit.training.prior import read_prior, train_prior
from tests.killing import finish_despite_kills


class Counted(nn.Module):
    """A network that counts the pictures of all its copies, and can stop a run as Ctrl-C does."""

    asked, stop_at = 0, 10**9

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        type(self).asked += len(images)
        if type(self).asked > type(self).stop_at:
            raise KeyboardInterrupt
        return self.network(images)


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ConvolutionalPrior]:
    path = tmp_path_factory.mktemp("prior") / "prior.safetensors"
    return path, random_prior(path, size=16)


@pytest.fixture
def tiny(prior: tuple[Path, ConvolutionalPrior]) -> dict[str, Any]:
    """The section of an attack of a moment."""
    return {"pool": 50, "steps": 2, "classes": 4, "rates": [0.05], "prior": str(prior[0])}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, prior: tuple[Path, ConvolutionalPrior]) -> World:
    return draw_world(tmp_path_factory.mktemp("world"), prior[1], classes=4, per_class=10, size=16, spread=0.9)


@pytest.fixture(scope="module")
def memorised(world: World) -> nn.Module:
    """Trained until nothing is left to learn of its pictures."""
    return train(plain_network(4, width=8), world.train, epochs=60, rate=5e-3)


def settings(world: World, out: Path, **more: Any) -> dict[str, Any]:
    return configuration(world, {}, size=16, serving=[], **more) | {"out": str(out)}


@pytest.fixture
def run(world: World, memorised: nn.Module, tmp_path: Path) -> Callable[..., Report]:
    """An audit of who memorised, or of another network, in a folder of its own, with more sections."""

    def audited(model: nn.Module = memorised, *, out: str = "out", **more: Any) -> Report:
        return audit.run(settings(world, tmp_path / out) | more, model=model, progress=False)

    return audited


def test_who_memorised_and_who_never_saw_are_told_apart(world: World, run: Callable[..., Report]) -> None:
    random = torch.Generator().manual_seed(1)
    others = (torch.randint(256, world.train[0].shape, generator=random, dtype=torch.uint8), world.train[1])
    stranger = train(plain_network(4, width=8), others, epochs=30)
    leaks, innocent = run(), run(stranger, out="innocent")
    found = [strongest(report.rows, "auc") for report in (leaks, innocent)]
    assert found[0] and found[1] and found[0].low > found[1].high and found[0].low > 0.6
    threshold = next(row for row in innocent.rows if row.attack == "threshold" and row.measure == "auc")
    assert threshold.low < 0.5 < threshold.high
    assert "can be told" in leaks.sentences()[0] and re.search(r"\d+ % \[\d+ %, \d+ %\]", leaks.sentences()[0])
    assert not leaks.warnings and "hardly more than by guessing" in innocent.warnings[0]


def test_a_whole_audit_has_every_row_and_a_page_that_needs_nothing(
    run: Callable[..., Report], tiny: dict[str, Any], tmp_path: Path
) -> None:
    report = run(
        inversion=tiny | {"show": True},
        train={"epochs": 1, "shadows": 4},
        fail_if=["auc>0.5", "recognised>0.99"],
        serving=["round 1", "top 1", "lpa"],
    )
    attacks = {row.attack for row in report.rows if row.measure in ("auc", "recognised")}
    assert attacks >= {"threshold", "calibrated", "labels", "references", "relative", "start", "cross_entropy"}
    assert attacks >= {"poincare", "bred", "walk", "oracle", "placebo", "pictures"} and not report.left_out
    assert {row.defence for row in report.rows} == {"", "round 1", "top 1", "lpa"}
    assert {"margin", "margin ratio", "median length at the start"} <= {row.measure for row in report.rows}
    assert all(
        row.low <= row.value <= row.high for row in report.rows if row.measure in ("auc", "recognised") and not row.unit
    )
    assert report.failed() == ["auc>0.5"] and "ten times the logits" in report._repr_html_()
    page = report.write().read_text(encoding="utf-8")
    assert "What this does not show" in page and page.count("<svg") == 2 and "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page) and page.count('<img alt="reconstruction of') == 4 * 6
    with (tmp_path / "out" / "audit.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(report.rows) and {line["unit"] for line in lines} > {"person 000"}


def test_a_run_that_is_stopped_goes_on_to_the_same_rows(run: Callable[..., Report], memorised: nn.Module) -> None:
    def rows(out: str, stop_at: int = 10**9) -> list[Row]:
        Counted.asked, Counted.stop_at = 0, stop_at
        return run(Counted(memorised), out=out).rows

    alone, asked = rows("alone"), Counted.asked
    assert repr(rows("alone")) == repr(alone) and Counted.asked < asked / 2  # the answers are kept
    with pytest.raises(KeyboardInterrupt):
        rows("stopped", asked * 2 // 3)
    assert repr(rows("stopped")) == repr(alone) and Counted.asked < asked


def audited(content: dict[str, Any]) -> None:
    """In a process of its own, which is killed."""
    with one_thread():
        audit.run(content, trust=True, progress=False).write()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_that_is_killed_at_any_moment_ends_with_the_same_table(
    world: World, memorised: nn.Module, tiny: dict[str, Any], tmp_path: Path
) -> None:
    weights, names = tmp_path / "weights.safetensors", ("alone", "killed")
    save_file(memorised.state_dict(), weights)
    network = {"module": "foreign:plain_network", "arguments": {"classes": 4, "width": 8}, "weights": str(weights)}
    inversion = tiny | {"access": ["white"]}
    whole = settings(world, tmp_path, inversion=inversion, train={"epochs": 1, "placebo": False}) | {"model": network}
    alone, killed = (whole | {"serving": ["round 1"], "out": str(tmp_path / name)} for name in names)
    began = time.perf_counter()
    audited(alone)
    longest = (time.perf_counter() - began) / 4
    parts = tmp_path / "killed" / "parts"
    done = lambda: len([*parts.glob("*/*/settings.json")])  # noqa: E731
    hits = finish_despite_kills(audited, killed, seed=0, longest=longest, progress=done, kills=4)
    assert hits >= 2, "the runs ended before they could be killed"
    tables = [(tmp_path / name / "audit.csv").read_text() for name in names]
    assert tables[0] == tables[1] and tables[0].count("\n") > 20


def test_a_budget_leaves_out_what_matters_least_and_says_so(run: Callable[..., Report], tiny: dict[str, Any]) -> None:
    report = run(inversion=tiny, budget=1e-4)
    assert strongest(report.rows, "auc") and not strongest(report.rows, "recognised")
    assert set(report.left_out) == {"judge", "white", "confidences", "oracle", "labels"}
    assert "Left out" in report._repr_html_() and "minutes" in report.left_out["judge"]
    with pytest.raises(ValueError, match=r"recognised>0.5 has no answer, .*judge: it would take"):
        run(inversion=tiny, budget=1e-4, fail_if=["recognised>0.5"]).failed()


def test_what_was_left_out_for_time_is_done_if_there_is_time_after_all(
    run: Callable[..., Report], tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single calls overestimate: with ten minutes an audit of three left out what another five would have held."""
    whole, make = run(inversion=tiny), plan.make

    def cautious(*asked: Any, **sides: Any) -> plan.Plan:
        made = make(*asked, **sides)
        first, later = {"membership": made.seconds["membership"]}, dict(made.seconds)
        del later["membership"]
        return replace(made, seconds=first, later=later, left_out=dict.fromkeys(later, "it would take too long"))

    monkeypatch.setattr(plan, "make", cautious)
    report = run(out="cautious", inversion=tiny)
    assert not report.left_out and {row.attack for row in report.rows} == {row.attack for row in whole.rows}


def test_a_step_that_was_left_out_fits_by_the_pace_of_those_before_it() -> None:
    plans = {"spent": 10.0, "planned": 20.0, "elapsed": 100.0}
    assert plan.fits_later(100, **plans, limit=150 / plan.PLANNED)
    assert not plan.fits_later(101, **plans, limit=150 / plan.PLANNED)
    slow = {"spent": 0.0, "planned": 20.0, "elapsed": 101.0}  # half of what was timed is believed at the least
    assert not plan.fits_later(100, **slow, limit=150 / plan.PLANNED)
    assert not plan.fits_later(60, spent=0.0, planned=0.0, elapsed=100.0, limit=150 / plan.PLANNED)


def test_a_plan_shrinks_with_the_budget() -> None:
    whole = config.Config(pictures=config.Pictures(train="a", unseen="b"), inversion=config.Inversion(), serving=())
    costs = Costs(ask=0.01, drawn=0.02, gradient=0.05, judge=0.001, reference=1.0)
    sides = {"compared": 1000, "unseen": 1000}

    def made(budget: float | None, costs: Costs = costs) -> plan.Plan:
        return plan.make(msgspec.structs.replace(whole, budget=budget), costs, shared=50, **sides)

    assert made(None).sizes.classes == 24 and not made(None).left_out
    assert sum(made(10).seconds.values()) <= 10 * 60 * plan.PLANNED and made(10).sizes.classes < 24
    closed = made(10, replace(costs, gradient=0.0))
    assert "white" in made(10).seconds and "gives no gradients" in closed.left_out["white"]
    trained = msgspec.structs.replace(whole, train=config.Train(epochs=8))
    dear = plan.step_seconds(trained, costs, made(10).sizes, **sides)
    assert dear["references"] == 4 * 1000 * (8 / 2 + 1) * 1.0  # the reference's own seconds, not the classifier's
    # membership: 1,000 pictures, each with 4 copies, at a hundredth of a second
    assert made(None).seconds["membership"] == pytest.approx(50)


def test_masked_gradients_are_told_from_protection() -> None:
    def table(entropy: list[float], margin: list[float]) -> list[Row]:
        hits = {"cross_entropy": entropy, "margin": margin}
        return [
            Row("inversion", loss, "white", "recognised", hit, unit=str(place))
            for loss, of in hits.items()
            for place, hit in enumerate(of)
        ]

    lengths = {"cross_entropy": torch.full((8,), 1e-9), "margin": torch.ones(8)}
    rows, warning = shields.masked(table([0.0] * 8, [1.0] * 7 + [0.0]), lengths)
    ahead, gone = rows[-2:]
    assert warning.startswith("Masked gradients: the margin loss brings back 88%") and ahead.value == 7 / 8
    assert ahead.low > 0 and gone.value == 1 and gone.low == pytest.approx(0.676, abs=1e-3)  # Wilson's, 8 of 8
    assert "vanished at 100% [68%, 100%]" in shields.masked(table([0.0] * 8, [0.0] * 8), lengths)[1]
    assert shields.masked(table([1.0] * 8, [1.0] * 8), dict.fromkeys(lengths, torch.ones(8)))[1] == ""
    half = lengths | {"cross_entropy": torch.tensor([1e-9] * 4 + [1.0] * 4)}
    assert shields.masked(table([1.0] * 8, [1.0] * 8), half)[1] == ""  # half of eight may be chance
    assert "was not looked at" in shields.masked(table([0.0] * 8, [0.0] * 8), {"cross_entropy": torch.ones(8)})[1]


class Sharpened(nn.Module):
    """Tells classes by the mean of colours, behind a shield that masks gradients: every confidence is 0 or 1."""

    def __init__(self, prior: ConvolutionalPrior) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        with torch.no_grad():  # about as many of the prior's pictures for each class
            colours = prior.synthesise(prior.map(sample_latents(prior, 200, seed=1))).mean(dim=(2, 3)) / 2 / 0.25
            directions = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
            self.linear.weight.copy_(directions @ torch.linalg.cholesky(torch.linalg.inv(colours.T.cov())).T)
            self.linear.bias.copy_(-self.linear.weight @ colours.mean(dim=0))

    def forward(self, images: Tensor) -> Tensor:
        return 1e5 * self.linear(images.mean(dim=(2, 3)))


def test_a_masked_shield_is_warned_of_however_reference_models_are_trained(
    run: Callable[..., Report], prior: tuple[Path, ConvolutionalPrior], tiny: dict[str, Any]
) -> None:
    otherwise = {"epochs": 1, "learning_rate": 1e-6, "placebo": False}
    report = run(Sharpened(prior[1]), inversion=tiny | {"access": ["white"], "pool": 200}, train=otherwise)
    assert any("Masked gradients" in words or "has vanished at 100%" in words for words in report.warnings)
    assert np.isfinite(report.value("margin ratio")) and {"references", "relative"} <= set(report.scores)


def test_pictures_are_matched_by_class_and_doubles_left_out(world: World, tmp_path: Path) -> None:
    for side, counts in (("train", (8, 6)), ("unseen", (7, 9))):
        for label, count in enumerate(counts):
            folder = tmp_path / side / f"class {label}"
            folder.mkdir(parents=True)
            for place in range(count):
                save(getattr(world, side)[0][10 * label + place], folder / f"{place}.png")
    save(world.train[0][0], tmp_path / "unseen" / "class 0" / "a training picture.png")
    given = config.Pictures(train=str(tmp_path / "train"), unseen=str(tmp_path / "unseen"), size=16)
    read = pictures.read(given, seed=0, progress=False)
    members, others = read.matched(0)
    assert read.doubles == 1 and len(read.unseen) == 16
    assert torch.bincount(members.labels).tolist() == torch.bincount(others.labels).tolist() == [7, 6]
    (tmp_path / "unseen" / "class 2").mkdir()
    save(world.train[0][0], tmp_path / "unseen" / "class 2" / "0.png")
    with pytest.raises(DataError, match="'class 2', which is none of the 2 classes"):
        pictures.read(given, seed=0, progress=False)


@pytest.mark.parametrize("answer", ["softmax", "three classes"])
def test_a_network_that_answers_something_else_is_refused(run: Callable[..., Report], answer: str) -> None:
    network = plain_network(3) if answer == "three classes" else nn.Sequential(plain_network(4), nn.Softmax(dim=1))
    words = "4 classes, one for each folder, got .3,." if answer == "three classes" else "model.answers: confidences"
    with pytest.raises(ValueError, match=words):
        run(network.eval())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_each_kind_is_audited_by_the_command(
    case: Case,
    prior: tuple[Path, ConvolutionalPrior],
    tiny: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    if case.kind == "onnx" and not all(map(importlib.util.find_spec, ("onnx", "onnxruntime"))):
        pytest.skip("onnx and onnxruntime are not installed: no ONNX file can be made and asked")
    monkeypatch.chdir(Path(__file__).parent)
    small = tiny | {"classes": 2, "access": ["white", "labels"]}
    content = make(case, tmp_path, prior[1]) | {"inversion": small, "serving": [], "membership": {"copies": 1}}
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    command = ["audit", str(tmp_path / "audit.yaml"), "--fail-if", "auc>0.999"]
    code = case.kind in ("sequential", "torchscript")
    if case.grey:
        assert cli.main([*command, "--trust"]) == 0
    elif code:
        assert cli.main(command) == 2 and "--trust" in capsys.readouterr().err
        assert cli.main([*command, "--trust"]) in (0, 1)
    else:
        assert cli.main(command) in (0, 1)
    assert (tmp_path / "out" / "report.html").stat().st_size > 5000
    rows = (tmp_path / "out" / "audit.csv").read_text().splitlines()
    assert any(row.startswith("inversion,walk,labels,recognised") for row in rows)
    assert any("cross_entropy" in row for row in rows) == (case.kind != "onnx")


def test_a_prior_of_ones_own_is_trained_kept_and_read(world: World, tmp_path: Path) -> None:
    out = tmp_path / "prior.safetensors"
    train_prior(world.root / "unseen", out, size=16, steps=2, width=4, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prior.safetensors"]
    read = read_prior(out)
    images = read.synthesise(read.map(sample_latents(read, 3, seed=0)))
    assert images.shape == (3, 3, 16, 16) and np.isfinite(images.numpy()).all()
    out.write_bytes(out.read_bytes()[:100])
    with pytest.raises(DataError, match="is no prior .*mia-kit prior"):
        read_prior(out)
    with pytest.raises(DataError, match="must hold 16 pictures"):
        train_prior(tmp_path, tmp_path / "b.safetensors", progress=False)


def test_the_margin_is_the_labels_lead_over_the_mean_of_the_others() -> None:
    logits, labels = torch.tensor([[2.0, 0.0, 1.0], [2.0, 0.0, 1.0]]), torch.tensor([0, 1])
    assert margins(logits, labels).tolist() == [1.5, -1.5]
