"""The smoothing laboratory of chapter 1 as a notebook widget.

Drag the label-smoothing factor and watch the decision boundary, the attacker's path and the leakage move ("Be Careful
What You Smooth For", ICLR 2024, Figure 1). The browser computes and draws everything from a table of trained models,
so a drag needs no answer from Python. Python keeps the state line and the result for later cells, and trains one more
model when "Train live" is pressed.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from mia_kit.widgets import client
from mia_kit.widgets.panel import LAB_MIME, SENTENCE
from mia_kit.widgets.state_line import normalise

try:
    import anywidget
    import traitlets
except ImportError as problem:
    raise ImportError(
        'The smoothing laboratory needs anywidget. Install it with: pip install "mia-kit[lab]"'
    ) from problem

if TYPE_CHECKING:
    import numpy as np

    from mia_kit.toy import ToyGrid

TRAINING_STEPS = 5000
STEPS_PER_REPORT = 50


class SmoothingLab(anywidget.AnyWidget):
    """The laboratory. Put it last in a cell; read `lab.result` and `lab.state` in the next one.

    Parameters
    ----------
    state : a state line such as "smoothing=+0.04 seed=3 start=(-3.0,-10.0) target=2 stop=0.95"; by default the
        paper's attack on hard labels (factor 0) and the table's first seed
    predict_first : the slider stays locked until the learner has placed a guess
    grid : the trained models; `mia_kit.toy.load_table()` by default
    curve : distances of the paper's attack on `grid`, an array of shape (factors, seeds), so that the browser need
        not compute them first; shipped for the default grid

    Attributes
    ----------
    state : the state line, both ways; assigning a bad one raises a ValueError with one sentence
    result : what the learner sees: smoothing, seed, start, target_class, stop_confidence, steps, distance, confidence,
        stopped; empty until the widget has been drawn
    guess : "nearer", "equal" or "farther", the learner's prediction; empty before
    """

    _esm = client.script() + "\nexport default { render };\n"
    _css = client.read_asset("lab.css")

    weights = traitlets.Bytes(read_only=True).tag(sync=True)
    points = traitlets.Bytes(read_only=True).tag(sync=True)
    labels = traitlets.Bytes(read_only=True).tag(sync=True)
    curve = traitlets.Bytes(read_only=True).tag(sync=True)
    smoothings = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)
    seeds = traitlets.List(traitlets.Int(), read_only=True).tag(sync=True)
    has_kernel = traitlets.Bool(True, read_only=True).tag(sync=True)
    predict_first = traitlets.Bool(True).tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    guess = traitlets.Enum(["", "nearer", "equal", "farther"], default_value="").tag(sync=True)
    result = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self,
        state: str | None = None,
        predict_first: bool = True,
        grid: ToyGrid | None = None,
        *,
        curve: np.ndarray | None = None,
    ) -> None:
        arrays, plain = client.table(grid, curve)
        smoothings, seeds = plain["smoothings"], plain["seeds"]
        line = normalise(state or client.PAPER_STATE.format(seed=seeds[0]), smoothings, seeds)
        self._trainings = 0
        self._training: threading.Thread | None = None
        super().__init__()
        for name, value in {**arrays, **plain}.items():
            self.set_trait(name, value)
        self.state = line
        self.predict_first = predict_first
        self.on_msg(self._answer)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if os.environ.get("MIA_KIT_STATIC") == "1":
            return {LAB_MIME: {"state": self.state}, **self._still(), "text/plain": SENTENCE}
        return super()._repr_mimebundle_(**options)

    def _still(self) -> dict[str, str]:
        """The decision map with the attack of the state, for a notebook that is opened and not run."""
        from mia_kit.figures.reproduce import twin
        from mia_kit.figures.toy import decision_maps
        from mia_kit.toy import invert, load_table, make_data

        values = dict(part.split("=") for part in self.state.split())
        factor = float(values["smoothing"])
        start = tuple(float(number) for number in values["start"].strip("()").split(","))
        model = load_table().model(factor, seed=int(values["seed"]))
        path = invert(model, start=start, target_class=int(values["target"]), stop_confidence=float(values["stop"]))
        return twin(decision_maps({factor: model}, {factor: path}, make_data()).figure)

    @traitlets.validate("state")
    def _check_state(self, proposal: dict[str, Any]) -> str:
        return normalise(proposal["value"], self.smoothings, self.seeds)

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Train in a thread of its own, so that the notebook's cells still run; one training at a time."""
        if message.get("type") != "train" or (self._training and self._training.is_alive()):
            return
        self._trainings += 1
        fresh_seed = max(self.seeds) + self._trainings
        self._training = threading.Thread(
            target=self._train, args=(float(message["smoothing"]), fresh_seed), daemon=True
        )
        self._training.start()

    def _train(self, smoothing: float, seed: int) -> None:
        """Train one model and send it; whatever goes wrong reaches the learner as one sentence."""
        from mia_kit import toy

        def report(step: int) -> None:
            if step % STEPS_PER_REPORT == 0:
                self.send({"type": "progress", "done": step, "total": TRAINING_STEPS})

        try:
            model = toy.train(smoothing, seed, steps=TRAINING_STEPS, on_step=report)
            state = {name: value.detach()[None, None] for name, value in model.state_dict().items()}
            numbers = toy.ToyGrid((smoothing,), (seed,), TRAINING_STEPS, state).folded()
            answer = {"type": "trained", "smoothing": smoothing, "seed": seed}
            self.send(answer, buffers=[numbers.astype("<f4").tobytes()])
        except Exception as problem:  # would be lost in a thread; the widget shows it
            self.send({"type": "failed", "sentence": f"Training did not finish: {problem}"})
