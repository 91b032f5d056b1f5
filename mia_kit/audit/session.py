"""An audit from its configuration to its report: every step once, the least important left out in time.

What was measured lies in `parts` in the folder of the report: a run that was killed goes on where it was, and deleting
the folder deletes all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from mia_kit.access import ConfidenceAPI
from mia_kit.attacks.prior_to_target import check_images, for_target, resize
from mia_kit.audit import classifier, config, inversion, membership, pictures, plan, shields
from mia_kit.audit.config import Config, Inversion, Train
from mia_kit.audit.inversion import Attack, Judge
from mia_kit.audit.pictures import Pictures, Side
from mia_kit.audit.plan import Costs, Plan, Sizes
from mia_kit.audit.report import Report
from mia_kit.audit.rows import Row
from mia_kit.membership import half_memberships, scaled_confidences
from mia_kit.metrics import share_interval
from mia_kit.models import Prior, SmallClassifier, sample_latents
from mia_kit.models.foreign import Foreign
from mia_kit.runs.store import Store, Values
from mia_kit.snapshot import snapshot
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.training.prior import read_prior

VERSION = 1
WEAK_JUDGE, WEAK_FIT = 0.5, 2.0  # accuracies below which we warn: of a judge; on training pictures, times guessing
PLACEBO, SECOND = 1000, 1  # added to the seed


def run(
    source: Path | str | dict[str, Any] | Config,
    *,
    model: nn.Module | None = None,
    trust: bool = False,
    budget: float | None = None,
    fail_if: Sequence[str] = (),
    progress: bool = True,
) -> Report:
    """Audit a classifier. `Report.write` then writes the page and the table.

    Parameters
    ----------
    source : the YAML file, a mapping like it, or a `Config`
    model : a network in memory instead of one that the configuration names
    trust : run code that the configuration names, a module or TorchScript
    budget : minutes, instead of the configuration's
    fail_if : further conditions such as tpr@1%>0.1

    Raises ValueError, OSError or ImportError, one sentence, before anything is measured.
    """
    settings = config.read(source)
    settings = msgspec.structs.replace(
        settings, budget=budget or settings.budget, fail_if=(*settings.fail_if, *fail_if)
    )
    config.check_whole(settings, given=model is not None, trust=trust)
    began = time.perf_counter()
    read = pictures.read(settings.pictures, seed=settings.seed, progress=progress)
    classes = len(read.class_names)
    foreign = (
        classifier.load(settings, classes) if model is None else classifier.tried(snapshot(model), settings, classes)
    )
    return _Session(settings, foreign, read, began, progress).report()


@dataclass(eq=False)
class _Session:
    """One audit at work."""

    config: Config
    model: Foreign
    pictures: Pictures
    began: float
    progress: bool
    rows: list[Row] = field(default_factory=list)
    scores: membership.Scores = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    shown: dict[str, Tensor] = field(default_factory=dict)
    logits: list[Tensor] = field(default_factory=list)  # the classifier's answers to both sides

    def report(self) -> Report:
        """Take all steps for which there is time."""
        if self.config.inversion:
            check_images(ConfidenceAPI(self.model), self.prior)
        steps: dict[str, Callable[[], str | None]] = {
            "membership": self._membership,
            "judge": self._judge,
            "white": self._white,
            "references": self._references,
            "confidences": lambda: self._invert("bred", "confidences", lambda: self._attack().bred()),
            "oracle": self._oracle,
            "labels": lambda: self._invert("walk", "labels", lambda: self._attack().walk()),
            "serving": self._serving,
            "placebo": self._placebo,
        }
        left_out = dict(self.plan.left_out)
        with tqdm(self.plan.seconds.items(), desc="audit", unit="step", disable=not self.progress) as bar:
            for name, seconds in bar:
                bar.set_postfix_str(name)
                late = time.perf_counter() - self.began + seconds > 60 * (self.config.budget or np.inf)
                if (
                    sentence := "the steps before it took longer than they were timed"
                    if late and self.rows
                    else steps[name]()
                ):
                    left_out[name] = sentence
        return Report(
            config=self.config,
            rows=tuple(self.rows),
            scores=self.scores,
            warnings=tuple(self.warnings),
            left_out=left_out,
            shown=self.shown,
            attacked=[self.pictures.class_names[label] for label in self.attacked],
            counts=(len(self.sides[0]), len(self.pictures.unseen), len(self.pictures.class_names)),
            seconds=time.perf_counter() - self.began,
        )

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Members and others, as many of each class."""
        return self.pictures.matched(self.config.seed)

    @property
    def inversion(self) -> Inversion:
        """Its section, where there is one."""
        return self.config.inversion or Inversion()

    @cached_property
    def prior(self) -> Prior:
        """The attacker's generator."""
        name = self.inversion.prior
        return load_prior(name) if config.is_ours(name) else read_prior(Path(name))

    @cached_property
    def attacked(self) -> list[int]:
        """The classes under attack, in random order."""
        order = np.random.default_rng(self.config.seed).permutation(self.pictures.shared.numpy())
        return [int(label) for label in order[: self.plan.sizes.classes]] if self.config.inversion else []

    @cached_property
    def plan(self) -> Plan:
        """What is done, and at what size."""

        def make() -> Values:
            counts = {"compared": 2 * len(self.sides[0]), "unseen": len(self.pictures.unseen)}
            return asdict(
                plan.make(
                    self.config,
                    self._costs(),
                    shared=len(self.pictures.shared),
                    open=classifier.has_gradients(self.model),
                    **counts,
                )
            )

        kept = self._part("Plan", make, budget=self.config.budget)
        return Plan(Sizes(**kept["sizes"]), kept["seconds"], kept["left_out"])

    def _costs(self) -> Costs:
        """Seconds of single calls."""
        images, judge = self.sides[0].floats[:8], inversion.fresh_judge(self.model.channels, 2, seed=0)
        with torch.no_grad():
            ask = plan.timed(lambda: self.model(images), len(images))
        trained, reference = plan.timed(lambda: judge(inversion.shrunk(images)).sum().backward(), len(images)), 0.0
        if self.config.train:  # perhaps another network, and a much dearer one
            other = classifier.another(self.config, self.model, seed=0)
            reference = plan.timed(lambda: other(images).sum().backward(), len(images))
        if not self.config.inversion:
            return Costs(ask, 0.0, 0.0, trained, reference)
        codes = self.prior.map(sample_latents(self.prior, 8, seed=0)).requires_grad_()

        def drawn() -> Tensor:
            pictures = for_target(ConfidenceAPI(self.model), self.prior.synthesise(codes))
            return self.model(resize(pictures, self.config.pictures.shape))

        with torch.no_grad():
            both = plan.timed(drawn, 8)
        steep = classifier.has_gradients(self.model)
        gradient = plan.timed(lambda: torch.autograd.grad(drawn().sum(), codes), 8) if steep else 0.0
        return Costs(ask, both, gradient, trained, reference)

    @cached_property
    def digest(self) -> str:
        """What the classifier is known by, read once."""
        return classifier.digest(self.model)

    def _part(self, kind: str, make: Callable[[], Values], **of: Any) -> Values:
        """The values of a step, made once."""
        asked = msgspec.to_builtins(msgspec.structs.replace(self.config, out="", fail_if=(), budget=None))
        settings = {"config": asked, "model": self.digest, "pictures": self.pictures.digest, **of}
        return Store(Path(self.config.out) / "parts").get(f"Audit{kind}", settings, lambda _: make(), version=VERSION)

    def _membership(self) -> None:
        first, second = (
            self._part("Answers", lambda side=side: self._answers(side), side=name)  # type: ignore[misc]
            for name, side in zip(("members", "others"), self.sides, strict=True)
        )
        self.logits = [torch.as_tensor(said["logits"]) for said in (first, second)]
        self._note(membership.scores((first, second), self.sides))
        self.rows += shields.classifier_rows(self.model, self.sides, self.logits)
        right, guessing = self.rows_of("accuracy, training")[0].value, 1 / len(self.pictures.shared)
        if right < min(WEAK_FIT * guessing, 0.9):
            self.warnings.append(
                f"The classifier is right on {right:.0%} of its training pictures, hardly more than by guessing: check "
                "size, mean, deviation and the order of the classes."
            )
        if self.pictures.doubles:
            self.warnings.append(f"{self.pictures.doubles} unseen pictures are training pictures and were left out.")

    def rows_of(self, measure: str) -> list[Row]:
        """The rows of a measure."""
        return [row for row in self.rows if row.measure == measure]

    def _answers(self, side: Side) -> Values:
        return membership.answers(self.model, side, copies=self.config.membership.copies, seed=self.config.seed)

    def _note(self, found: membership.Scores) -> None:
        self.scores |= found
        self.rows += membership.rows(found)

    def _references(self) -> None:
        train, (members, others) = self.config.train or Train(epochs=1), self.sides
        both = Side(torch.cat([members.images, others.images]), torch.cat([members.labels, others.labels]))
        inside = half_memberships(len(both), train.shadows, seed=self.config.seed)

        def make(number: int) -> Values:
            mask = torch.from_numpy(inside[number])
            logits = membership.ask(self._another(both.of(mask), self.config.seed + SECOND + number), both.images)
            margin = membership.margins(logits, both.labels)[mask].mean()
            return {"scaled": scaled_confidences(logits, both.labels), "margin": float(margin)}

        kept = [self._part("Reference", lambda k=k: make(k), number=k) for k in range(train.shadows)]  # type: ignore[misc]
        scaled = scaled_confidences(torch.cat(self.logits), both.labels)
        self._note(membership.reference_scores(scaled, np.stack([values["scaled"] for values in kept]), inside))
        ratio = self.rows_of("margin")[0].value / float(np.mean([values["margin"] for values in kept]))
        self.rows.append(Row("classifier", measure="margin ratio", value=ratio))

    def _another(self, side: Side, seed: int) -> Foreign:
        """Another such classifier, trained on these pictures."""
        fresh = classifier.another(self.config, self.model, seed=seed)
        membership.train_on(fresh, side, self.config.train or Train(epochs=1), seed=seed, progress=self.progress)
        return fresh.requires_grad_(False)

    def _of_unseen(self, seed: int) -> SmallClassifier:
        """A classifier of the unseen pictures."""
        judge, epochs = (
            inversion.fresh_judge(self.model.channels, self.model.classes, seed=seed),
            self.plan.sizes.judge_epochs,
        )

        def make() -> Values:
            inversion.train_judge(judge, self.pictures.unseen, seed=seed, epochs=epochs, progress=self.progress)
            return dict(judge.state_dict())

        judge.load_state_dict(self._part("Judge", make, number=seed, epochs=epochs))
        return judge.eval().requires_grad_(False)

    @cached_property
    def judge(self) -> Judge:
        """Who says whether a class is recognised."""
        if self.inversion.judge == "faces":
            return inversion.by_faces(self.pictures.unseen)
        return inversion.by_classifier(self._of_unseen(self.config.seed))

    def _judge(self) -> None:
        members = self.sides[0]
        hits = self.judge(members.floats, members.labels.numpy()) == 1
        share = share_interval(int(hits.sum()), len(hits))
        self.rows.append(Row.of("inversion", "pictures", "", "recognised", share))
        if share.value < WEAK_JUDGE:
            self.warnings.append(
                f"The judge names {share.value:.0%} of the real training pictures right: it is too weak to say much "
                "about reconstructions. Give it more unseen pictures."
            )

    def _attack(self, model: nn.Module | None = None, classes: Sequence[int] = ()) -> Attack:
        """The attacks on the classifier, or on another; on all that are attacked, or some."""
        shape = self.config.pictures.shape
        if isinstance(model, SmallClassifier):
            height, width = inversion.shrunk(torch.zeros(1, 1, *shape)).shape[2:]
            shape = (height, width)
        targets, of = classes or self.attacked, (self.prior, self.inversion, self.plan.sizes, shape)
        return Attack(model or self.model, targets, *of, self.config.seed, self.progress)

    def _invert(
        self, attack: str, access: str, make: Callable[[], Values], *, classes: Sequence[int] = (), defence: str = ""
    ) -> None:
        """Judge what an attack brings back, and keep it."""
        values = self._part("Inversion", make, attack=attack, defence=defence, sizes=asdict(self.plan.sizes))
        names, targets = self.pictures.class_names, classes or self.attacked
        self.rows += inversion.rows(values, self.judge, targets, names, attack=attack, access=access, defence=defence)
        if self.inversion.show and not defence and not classes:
            self.shown[attack] = torch.as_tensor(values["images"])
        if "norms" in values:
            self._norms[attack] = torch.as_tensor(values["norms"])

    def _white(self) -> None:
        self._norms: dict[str, Tensor] = {}
        attack = self._attack()
        self._invert("start", "white", attack.start)
        for loss in self.inversion.losses:
            self._invert(loss, "white", lambda loss=loss: attack.white(loss))  # type: ignore[misc]
        found, warning = shields.masked(self.rows, self._norms)
        self.rows += found
        self.warnings += [warning] if warning else []

    def _oracle(self) -> None:
        second, loss = self._of_unseen(self.config.seed + SECOND), self.inversion.losses[-1]
        self._invert("oracle", "white", lambda: {"images": self._attack(second).white(loss)["images"]})

    def _placebo(self) -> str | None:
        hidden, train = self.attacked[: len(self.attacked) // 2], self.pictures.train
        known = sorted(set(train.labels.tolist()) - set(hidden))
        if len(hidden) < 2 or len(known) < 2:
            return "it needs four classes at least, two of which another classifier never sees"

        def make() -> Values:
            model = self._another(train.of(~torch.isin(train.labels, torch.tensor(hidden))), self.config.seed + PLACEBO)
            stand_ins = inversion.likest(model, self.pictures.unseen, hidden, known)
            different = sorted(set(stand_ins))
            images = self._attack(model, different).white(self.inversion.losses[-1])["images"]
            return {"images": images[[different.index(label) for label in stand_ins]]}

        self._invert("placebo", "white", make, classes=hidden)
        return None

    def _serving(self) -> None:
        for name in self.config.serving:

            def access(name: str = name) -> ConfidenceAPI:
                train, unseen = self.pictures.train, self.pictures.unseen
                return ConfidenceAPI(
                    self.model, shields.service(name, self.model, train, unseen, seed=self.config.seed)
                )

            def answers(access: Callable[[], ConfidenceAPI] = access) -> Values:
                service = access()
                return {str(place): shields.served(service, side) for place, side in enumerate(self.sides)}

            served = [torch.as_tensor(values) for values in self._part("Served", answers, service=name).values()]
            self.rows += shields.served_rows(name, served, self.sides, self.logits)
            if "confidences" in self.plan.seconds:
                make = lambda access=access: self._attack().bred(access())  # noqa: E731
                self._invert("bred", "confidences", make, defence=name)
