"""The smoothing laboratory of chapter 1 as a notebook widget.

Drag the label-smoothing factor and watch the decision boundary, the attacker's path and the leakage move ("Be Careful
What You Smooth For", ICLR 2024, Figure 1). The browser computes and draws everything from a table of trained models,
so a drag needs no answer from Python. Python keeps the state line and the result for later cells, and trains one more
model when "Train live" is pressed.
"""

from __future__ import annotations

from typing import Any

from mia_kit.widgets import client
from mia_kit.widgets.live import Laboratory, traitlets
from mia_kit.widgets.panel import LAB_MIME, SENTENCE
from mia_kit.widgets.state_line import read

TRAINING_STEPS = 5000
STEPS_PER_REPORT = 50


class SmoothingLab(Laboratory):
    """The laboratory. Put it last in a cell; read `lab.result` and `lab.state` in the next one.

    state : a state line such as "smoothing=+0.04 seed=3 start=(-3.0,-10.0) target=2 stop=0.95", both ways; by default
        the paper's attack on hard labels (factor 0) and the table's first seed. A bad one raises a ValueError with one
        sentence
    result : what the learner sees: smoothing, seed, start, target_class, stop_confidence, steps, distance, confidence,
        stopped; empty until the widget has been drawn
    guess : "nearer", "equal" or "farther", the learner's prediction, which unlocks the slider; empty before
    """

    _esm = client.script("lab.js") + "\nexport default { render };\n"
    _css = client.read_asset("lab.css")

    weights = traitlets.Bytes(read_only=True).tag(sync=True)
    points = traitlets.Bytes(read_only=True).tag(sync=True)
    labels = traitlets.Bytes(read_only=True).tag(sync=True)
    curve = traitlets.Bytes(read_only=True).tag(sync=True)
    smoothings = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)
    seeds = traitlets.List(traitlets.Int(), read_only=True).tag(sync=True)
    has_kernel = traitlets.Bool(True, read_only=True).tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    guess = traitlets.Enum(["", "nearer", "equal", "farther"], default_value="").tag(sync=True)
    result = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, state: str = client.PAPER_STATE) -> None:
        arrays, plain = client.table()
        line = str(read(state, plain["smoothings"], plain["seeds"]))
        self._trainings = 0
        super().__init__()
        for name, value in {**arrays, **plain}.items():
            self.set_trait(name, value)
        self.state = line
        self.on_msg(self._answer)

    def stored(self) -> dict[str, Any]:
        """The state line for the pages of the site, and the decision map with the attack of the state."""
        from mia_kit.figures.reproduce import twin
        from mia_kit.figures.toy import decision_maps
        from mia_kit.toy import invert, load_table, make_data

        factor, seed, start, target, stop = read(self.state, self.smoothings, self.seeds)
        model = load_table().model(factor, seed=seed)
        path = invert(model, start=start, target_class=target, stop_confidence=stop)
        picture = twin(decision_maps({factor: model}, {factor: path}, make_data()).figure)
        return {LAB_MIME: {"state": self.state}, **picture, "text/plain": SENTENCE}

    @traitlets.validate("state")
    def _check_state(self, proposal: dict[str, Any]) -> str:
        return str(read(proposal["value"], self.smoothings, self.seeds))

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "train":
            self._trainings += 1
            fresh_seed = max(self.seeds) + self._trainings
            self.work(self._train, float(message["smoothing"]), fresh_seed, what="Training")

    def _train(self, smoothing: float, seed: int) -> None:
        """Train one model and send it."""
        from mia_kit import toy

        def report(step: int) -> None:
            if step % STEPS_PER_REPORT == 0:
                self.send({"type": "progress", "done": step, "total": TRAINING_STEPS})

        model = toy.train(smoothing, seed, steps=TRAINING_STEPS, on_step=report)
        state = {name: value.detach()[None, None] for name, value in model.state_dict().items()}
        numbers = toy.ToyGrid((smoothing,), (seed,), TRAINING_STEPS, state).folded()
        answer = {"type": "trained", "smoothing": smoothing, "seed": seed}
        self.send(answer, buffers=[numbers.astype("<f4").tobytes()])
