"""What a recipe will cost: counts that can be worked out by hand, times that were measured, and what is unknown."""

import pytest
import torch

from mia_kit import cli
from mia_kit.data import DataError
from mia_kit.experiments import bills, estimate, facescrub_ppa
from mia_kit.experiments.estimate import Bill, Estimate, Step
from mia_kit.experiments.runner import read_recipe

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    monkeypatch.delenv("MIA_KIT_DATA", raising=False)


def test_hours_are_times_multiplied():
    slow = Step("slow", 7200, print, seconds=2.0)
    found = Estimate(Bill((slow, Step("quick", 3600, print, seconds=0.5)), CPU, 2e9, 1e9, ("a",), ("b",)), 3e9, 0.0)
    assert slow.hours == 4 and found.hours == 4.5
    text = found.text()
    assert text.splitlines()[3].split() == ["together", "4.500"]
    assert "main memory: about 4.0 GB, 1.0 GB of it photographs" in text and "disk: about 2.00 GB" in text
    assert "assumed: a" in text and "could not be estimated: b\ncould not be estimated: the memory of a GPU" in text
    assert "GPU memory: 5.0 GB" in Estimate(found.bill, 3e9, 5e9).text()


def test_seconds_are_those_after_the_first(monkeypatch):
    clock = iter([0, 100, 100, 102, 102, 105, 105, 106])  # 100 s to warm up, then 2, 3 and 1
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert estimate._seconds(lambda: None) == 2.5  # 5 s are enough


def test_the_rehearsals_steps_are_counted(capsys):
    """40 people, 6 photographs each for the target, 4 candidates, 10 steps, 5 views, 2 handed in; two factors."""
    recipe = read_recipe("facescrub_rehearsal")
    bill = facescrub_ppa.bill(recipe | {"smoothings": [0.0, 0.1]})
    images = {step.what: step.count * step.images for step in bill.steps}
    assert images == pytest.approx(
        {
            "training the target": 2 * 20 * 240,
            "training the evaluator": 20 * 160,
            "training the embedder": 20 * 160,
            "sampling": 2 * 100,
            "optimisation": 2 * 160 * 10,
            "selection": 2 * 160 * 5,
            "judging": 2 * 160,
            "training the student": 2 * 5 * 80,
        }
    )
    assert bill.assumed == () and 2 * 160 * 3 * 32**2 < bill.disk < 1e7
    for step in bill.steps:
        step.run()


def test_the_full_recipe_says_what_it_assumes(monkeypatch):
    """Nothing of FaceScrub or FFHQ is here; the networks stand aside, for their size."""
    monkeypatch.setattr(bills, "build", lambda spec, classes, **_: torch.nn.Linear(8, classes))
    monkeypatch.setattr(bills, "in_precision", lambda model, spec: model)
    monkeypatch.setattr(bills, "_lessons", lambda what, model, spec, pictures, device: Step(what, pictures, print))
    monkeypatch.setattr(bills, "_search", lambda *_: [])
    monkeypatch.setattr(bills, "_look", lambda *_: Step("judging", 1, print))
    given = []

    def prior(spec, *, size, device):
        given.append(spec)
        if "file" in spec:
            raise DataError("missing")
        return bills.build_small_prior("style 0.7")

    monkeypatch.setattr(bills, "build_prior", prior)
    bill = facescrub_ppa.bill(read_recipe("facescrub_ppa"))
    assert given[1]["random"] == {} and given[1]["crop"] == 800
    assert "530 people and 106,863 photographs" in bill.assumed[0] and "random weights" in bill.assumed[1]
    assert 10e9 < bill.memory < 16e9 and 60e9 < bill.disk < 80e9
    assert any("face embedder" in sentence for sentence in bill.unknown)


def test_a_recipe_of_face_leakage(monkeypatch):
    from tiny_people import RECIPE, FlatPrior, shaded_people

    monkeypatch.setattr(bills, "load_people", lambda **_: shaded_people(classes=3, each=20, pool=4))
    monkeypatch.setattr(bills, "build_small_prior", lambda name: FlatPrior())
    bill = bills.face_bill(RECIPE | {"smoothings": [0.0, 0.1], "per_class": [2, 3], "seeds": 2})
    images = {step.what: step.count * step.images for step in bill.steps}
    assert images["training the target"] == 2 * 2 * (6 + 9) and images["training the evaluator"] == 2 * 3 * 17
    assert images["sampling"] == 8 * 8 and images["optimisation"] == 8 * 6 and images["training the student"] == 8 * 3
    for step in bill.steps:
        step.run()


def test_the_command(capsys, monkeypatch):
    monkeypatch.setattr(facescrub_ppa, "bill", lambda recipe: Bill((Step("work", 10, lambda: None),), CPU, 0, 0))
    assert cli.main(["estimate", "facescrub_rehearsal"]) == 0
    assert "work" in capsys.readouterr().out
    monkeypatch.delattr(facescrub_ppa, "bill")
    assert cli.main(["estimate", "facescrub_rehearsal"]) == 2
    assert "'facescrub_ppa' cannot be estimated" in capsys.readouterr().err
