"""An audit from its configuration to its report: every step once, the least important left out in time.

What was measured lies in `parts` in the folder of the report: a run that was killed goes on where it was, and deleting
the folder deletes all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from mia_kit.access import ConfidenceAPI
from mia_kit.attacks.prior_to_target import check_images, in_channels, resize
from mia_kit.audit import classifier, config, inversion, membership, pictures, plan, shields
from mia_kit.audit.config import Config, Inversion, Train
from mia_kit.audit.inversion import Attack, Judge
from mia_kit.audit.pictures import Pictures, Side
from mia_kit.audit.plan import Costs, Plan
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

    source : the YAML file, a mapping like it, or a `Config`
    model : a network in memory instead of one that the configuration names
    trust : run code that the configuration names, a module or TorchScript
    budget : minutes, instead of the configuration's
    fail_if : further conditions such as tpr@1%>0.1

    Raises ValueError, OSError or ImportError, one sentence, before anything is measured.
    """
    began, read = time.perf_counter(), config.read(source)
    settings = msgspec.structs.replace(read, budget=budget or read.budget, fail_if=(*read.fail_if, *fail_if))
    config.check_whole(settings, given=model is not None, trust=trust)
    given = pictures.read(settings.pictures, seed=settings.seed, progress=progress)
    network = classifier.load(settings, len(given.class_names), network=None if model is None else snapshot(model))
    return _Session(settings, network, given, began, progress).run()


@dataclass(eq=False)
class _Session:
    """One audit at work. Each step of the plan is the method of its name; it says why it could not be taken."""

    config: Config
    model: Foreign
    pictures: Pictures
    began: float
    progress: bool

    def run(self) -> Report:
        """Take all steps for which there is time."""
        if self.config.inversion:
            check_images(ConfidenceAPI(self.model), self.prior)
        report, limit = self.report, 60 * (self.config.budget or np.inf)
        report.left_out |= self.plan.left_out
        report.attacked = [self.pictures.class_names[label] for label in self.attacked]
        spent = planned = 0.0
        steps = [*self.plan.seconds.items(), *self.plan.later.items()]
        with tqdm(steps, desc="audit", unit="step", disable=not self.progress) as bar:
            for name, seconds in bar:
                bar.set_postfix_str(name)
                elapsed = time.perf_counter() - self.began
                if name in self.plan.later:
                    if not plan.fits_later(seconds, spent=spent, planned=planned, elapsed=elapsed, limit=limit):
                        continue
                    del report.left_out[name]
                late = report.rows and name in self.plan.seconds and elapsed + seconds > limit
                why = "the steps before it took longer than they were timed" if late else getattr(self, f"_{name}")()
                report.left_out |= {name: why} if why else {}
                spent, planned = spent + time.perf_counter() - self.began - elapsed, planned + seconds
        report.seconds = time.perf_counter() - self.began
        return report

    @cached_property
    def report(self) -> Report:
        """What was measured so far."""
        return Report(self.config, (len(self.sides[0]), len(self.pictures.unseen), len(self.pictures.class_names)))

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
        return order[: self.plan.sizes.classes].tolist() if self.config.inversion else []

    @cached_property
    def plan(self) -> Plan:
        """What is done, and at what size."""
        shared, compared, unseen = len(self.pictures.shared), 2 * len(self.sides[0]), len(self.pictures.unseen)

        def make() -> Values:
            return asdict(plan.make(self.config, self._costs(), shared=shared, compared=compared, unseen=unseen))

        return msgspec.convert(self._part("Plan", make, budget=self.config.budget), Plan)

    def _costs(self) -> Costs:
        """Seconds of single calls, which are timed here."""

        def trained(network: nn.Module, images: Tensor) -> float:
            return plan.timed(lambda: network(images).sum().backward())

        few, train = self.sides[0].of(torch.arange(plan.FEW)), self.config.train
        costs = Costs(
            ask=plan.timed(lambda: membership.ask(self.model, few.images)),
            judge=trained(inversion.fresh_judge(self.model.channels, 2, seed=0), inversion.shrunk(few.floats)),
            # perhaps another network, and a much dearer one
            reference=trained(classifier.another(self.config, self.model, seed=0), few.floats) if train else 0.0,
        )
        if not self.config.inversion:
            return costs
        codes = self.prior.map(sample_latents(self.prior, plan.FEW, seed=0)).requires_grad_()

        def drawn() -> Tensor:
            images = in_channels(self.model.channels, self.prior.synthesise(codes))
            return self.model(resize(images, self.config.pictures.shape))

        with torch.no_grad():
            costs = replace(costs, drawn=plan.timed(drawn))
        if classifier.has_gradients(self.model):
            costs = replace(costs, gradient=plan.timed(lambda: torch.autograd.grad(drawn().sum(), codes)))
        return costs

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What all parts are known by."""
        asked = msgspec.to_builtins(msgspec.structs.replace(self.config, out="", fail_if=(), budget=None))
        return {"config": asked, "model": classifier.digest(self.model), "pictures": self.pictures.digest}

    def _part(self, kind: str, make: Callable[[], Values], **of: Any) -> Values:
        """The values of a step, made once."""
        store = Store(Path(self.config.out) / "parts")
        return store.get(f"Audit{kind}", self.asked | of, lambda _: make(), version=VERSION)

    @cached_property
    def answers(self) -> list[Values]:
        """What the classifier says of members, and of others."""
        ask = partial(membership.answers, self.model, copies=self.config.membership.copies, seed=self.config.seed)
        sides = zip(("members", "others"), self.sides, strict=True)
        return [self._part("Answers", partial(ask, side), side=name) for name, side in sides]

    @property
    def logits(self) -> list[Tensor]:
        """Its logits alone."""
        return [torch.as_tensor(said["logits"]) for said in self.answers]

    def _membership(self) -> None:
        self._note(membership.scores(self.answers, self.sides))
        report, guessing = self.report, 1 / len(self.pictures.shared)
        report.rows += shields.classifier_rows(self.model, self.sides, self.logits)
        right = report.value("accuracy, training")
        if right < min(WEAK_FIT * guessing, 0.9):
            report.warnings.append(
                f"The classifier is right on {right:.0%} of its training pictures, hardly more than by guessing: check "
                "size, mean, deviation and the order of the classes."
            )
        if doubles := self.pictures.doubles:
            report.warnings.append(f"{doubles} unseen pictures are training pictures and were left out.")

    def _note(self, scores: membership.Scores) -> None:
        self.report.scores |= scores
        self.report.rows += membership.rows(scores)

    def _references(self) -> None:
        members, others = self.sides
        both = Side(torch.cat([members.images, others.images]), torch.cat([members.labels, others.labels]))
        shadows = self.config.train.shadows if self.config.train else 0
        inside = half_memberships(len(both), shadows, seed=self.config.seed)
        kept = [self._reference(number, both, torch.from_numpy(inside[number])) for number in range(shadows)]
        scaled = scaled_confidences(torch.cat(self.logits), both.labels)
        self._note(membership.reference_scores(scaled, np.stack([values["scaled"] for values in kept]), inside))
        ratio = self.report.value("margin") / float(np.mean([values["margin"] for values in kept]))
        self.report.rows.append(Row("classifier", measure="margin ratio", value=ratio))

    def _reference(self, number: int, both: Side, mask: Tensor) -> Values:
        """What a reference model says of all pictures, and its margin on those that it was trained on."""

        def make() -> Values:
            logits = membership.ask(self._another(both.of(mask), self.config.seed + SECOND + number), both.images)
            margin = membership.margins(logits, both.labels)[mask].mean()
            return {"scaled": scaled_confidences(logits, both.labels), "margin": float(margin)}

        return self._part("Reference", make, number=number)

    def _another(self, side: Side, seed: int) -> Foreign:
        """Another such classifier, trained on these pictures."""
        fresh = classifier.another(self.config, self.model, seed=seed)
        membership.train_on(fresh, side, self.config.train or Train(epochs=1), seed=seed, progress=self.progress)
        return fresh.requires_grad_(False)

    def _of_unseen(self, seed: int) -> SmallClassifier:
        """A classifier of the unseen pictures."""
        judge = inversion.fresh_judge(self.model.channels, self.model.classes, seed=seed)
        epochs = self.plan.sizes.judge_epochs

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
        self.report.rows.append(Row.of("inversion", "pictures", "", "recognised", share))
        if share.value < WEAK_JUDGE:
            self.report.warnings.append(
                f"The judge names {share.value:.0%} of the real training pictures right: it is too weak to say much "
                "about reconstructions. Give it more unseen pictures."
            )

    def _attack(self, model: nn.Module | None = None, classes: Sequence[int] = ()) -> Attack:
        """The attacks on the classifier, or on another; on all that are attacked, or some."""
        shape = self.config.pictures.shape
        shape = inversion.small(shape) if isinstance(model, SmallClassifier) else shape
        return Attack(
            model or self.model,
            classes or self.attacked,
            self.prior,
            self.inversion,
            self.plan.sizes,
            shape,
            seed=self.config.seed,
            progress=self.progress,
        )

    def _invert(
        self, attack: str, access: str, make: Callable[[], Values], *, classes: Sequence[int] = (), defence: str = ""
    ) -> Values:
        """Judge what an attack brings back, and keep it."""
        values = self._part("Inversion", make, attack=attack, defence=defence, sizes=asdict(self.plan.sizes))
        targets, names = classes or self.attacked, self.pictures.class_names
        self.report.rows += inversion.rows(
            values, self.judge, targets, names, attack=attack, access=access, defence=defence
        )
        if self.inversion.show and not defence and not classes:
            self.report.shown[attack] = torch.as_tensor(values["images"])
        return values

    def _white(self) -> None:
        attack, norms = self._attack(), dict[str, Tensor]()
        self._invert("start", "white", attack.start)
        for loss in self.inversion.losses:
            norms[loss] = torch.as_tensor(self._invert(loss, "white", partial(attack.white, loss))["norms"])
        rows, warning = shields.masked(self.report.rows, norms)
        self.report.rows += rows
        self.report.warnings += [warning] if warning else []

    def _confidences(self) -> None:
        self._invert("bred", "confidences", lambda: self._attack().bred())

    def _labels(self) -> None:
        self._invert("walk", "labels", lambda: self._attack().walk())

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
            self._serve(name)

    def _serve(self, name: str) -> None:
        def access() -> ConfidenceAPI:
            """Anew for each part: LPA draws as it answers, and a part must not depend on those before it."""
            return shields.service(name, self.model, self.pictures, seed=self.config.seed)

        values = self._part("Served", lambda: shields.served(access(), self.sides), service=name)
        answers = [torch.as_tensor(answer) for answer in values.values()]
        self.report.rows += shields.served_rows(name, answers, self.sides, self.logits)
        if "confidences" in self.plan.seconds:
            self._invert("bred", "confidences", lambda: self._attack().bred(access()), defence=name)
