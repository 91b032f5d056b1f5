"""Chapter 10 live, at a size of a few shades and points."""

import numpy as np
import pytest
import torch
from tiny_people import FlatPrior, Quarters, shaded_people

from mia_kit.experiments import data_centric_quick as quick
from mia_kit.experiments.data_centric_people import appoint_surrogates
from mia_kit.experiments.face_attack import appoint
from mia_kit.experiments.surrogate_table import surrogate_table

SETTINGS = {"pool": 8, "candidates": 2, "keep": 1, "steps": 1, "selection_views": 1}


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> quick.Scene:
    monkeypatch.setattr(quick, "CLASSES", 5)
    monkeypatch.setitem(quick.TARGET, "width", 2)
    people, outsiders = quick.told_apart(shaded_people(classes=8, each=10, pool=quick.POOL))
    judge = Quarters()
    judges = appoint(people, judge, judge.features)  # type: ignore[arg-type]
    more = {"per_class": quick.POOL, "injected": quick.POOL, "embed": judge.features}
    return quick.Scene(appoint_surrogates(people, [0, 3], outsiders, **more), judges, FlatPrior())


def test_outsiders_are_no_classes(scene: quick.Scene) -> None:
    assert scene.case.people.class_names == tuple("abcde") and len(scene.case.people.images) == 50
    assert set(scene.case.surrogates.values()) <= {"f", "g", "h"}
    assert scene.case.surrogates[0] == "h"  # the shade farthest from the darkest
    assert len(scene.case.injected[0]) == 5 and len(scene.case.held_back[0]) == 5


@pytest.mark.parametrize(("name", "added"), [("undefended", 0), ("injection alone", 10), ("all three steps", 30)])
def test_what_is_handed_in(scene: quick.Scene, name: str, added: int) -> None:
    given = quick.handed_in(scene, quick.ABLATION[name])
    assert len(given.images) == 25 + added
    assert bool((given.owners >= 0).any()) == bool(added)


def test_from_training_to_what_the_judges_say(scene: quick.Scene) -> None:
    targets = {
        name: quick.train(scene, quick.ABLATION[name], epochs=1, progress=False)
        for name in ("undefended", "injection alone")
    }
    found = quick.bring_back(scene, targets["injection alone"], settings=SETTINGS, progress=False)
    assert found.pictures.shape == (2, 16, 16, 3) and found.rank.shape == (2,)
    assert found.nearer_surrogate.tolist() == (found.to_surrogate < found.to_person).tolist()
    planes = quick.planes(scene, targets, 3, cells=3)
    assert list(planes) == ["undefended", "injection alone"]
    own = scene.case.people.floats(scene.case.people.labels == 3)[:1]
    with torch.no_grad():
        loss = -targets["undefended"].model(own).log_softmax(dim=1)[0, 3]
    assert planes["undefended"].at_target == pytest.approx(float(loss), rel=1e-3)
    assert all(len(pair) == 2 for pair in quick.bends(scene, targets, 3).values())
    assert [own.shape for own in quick.photographs(scene)] == [(2, 16, 16, 3)] * 2


def test_a_reconstruction_of_the_surrogate_is_nearer_to_it(scene: quick.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        """Both reconstructions are a photograph of the surrogate."""

        targets, selected = torch.tensor([0, 3]), torch.ones(2, dtype=torch.bool)
        images = torch.stack([scene.case.floats(scene.case.held_back)[own][0].expand(3, -1, -1) for own in (0, 3)])

    monkeypatch.setattr(quick, "attack", lambda *_, **__: Fixed)
    trained = quick.Trained(Quarters(), 1.0, 1.0)  # type: ignore[arg-type]
    found = quick.bring_back(scene, trained, progress=False)
    assert found.nearer_surrogate.all() and (found.to_surrogate < 0.2).all()


def test_the_detector_is_asked_for_what_contributors_did(scene: quick.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that knows the answer is right everywhere; one that knows the opposite is wrong everywhere."""
    for sign, expected in ((1, 1.0), (-1, 0.0)):
        told = lambda scores, injected, labels, sign=sign, **_: sign * injected.astype(float)  # noqa: E731
        monkeypatch.setattr(quick, "detector_scores", told)
        area = quick.noticed(scene, quick.ABLATION["all three steps"])
        assert area.low == area.value == area.high == expected


def test_the_table_of_places() -> None:
    table = surrogate_table((-14.0, 0.0), seeds=2, points=30, training_steps=30, attack_steps=10, progress=False)
    assert table.ends.shape == (2, 2, 2, 5, 2) and table.clouds.shape == (2, 2, 10, 2)
    assert np.abs(table.clouds.mean(axis=2)[0, 1] - [-14, 0]).max() < 2  # across first
    assert table.bare.shape == (2, 5, 2) and table.landed().shape == (2, 2)
    own = table.data.of_class(table.protected).numpy()
    ends = table.ends[1, 0, 0, 3]  # the clouds kept are those of the first seed
    gaps = [np.linalg.norm(points - ends, axis=1).min() for points in (table.clouds[1, 0], own)]
    assert table.on_surrogate[1, 0, 0, 3] == (gaps[0] < gaps[1])
