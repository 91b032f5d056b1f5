"""Two sliders, the bound of the poison and the attacker: what comes back of the private digits?"""

from __future__ import annotations

from typing import Any

from mia_kit.experiments.poisoning_quick import Gallery
from mia_kit.widgets.faces import tile

INSTALL = 'The sliders need ipywidgets: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
TILE = 56  # pixels of a digit on the page


class PoisonWall:
    """Choose how far the service may move its answers, and who attacks; reconstructions and measures follow at once.

    Display it as the last line of a cell. Nothing is computed: all attacks were run beforehand. ImportError if
    ipywidgets is missing.
    """

    def __init__(self, gallery: Gallery) -> None:
        try:
            import ipywidgets
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        self._gallery = gallery
        look: dict[str, Any] = {"style": {"description_width": "9em"}, "layout": {"width": "min(100%, 520px)"}}
        self.bound = ipywidgets.SelectionSlider(
            options=[
                (f"{bound:g}" if bound else "0 (no defence)", place) for place, bound in enumerate(gallery.bounds)
            ],
            value=0,
            description="bound of the poison",
            **look,
        )
        self.attacker = ipywidgets.SelectionSlider(
            options=list(gallery.attackers), value=gallery.attackers[0], description="attacker's decoder", **look
        )
        self.digits = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.bound, self.attacker, self.digits])
        for slider in (self.bound, self.attacker):
            slider.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._box)

    def _on_change(self, _: dict[str, Any]) -> None:
        gallery, found = self._gallery, self._gallery.by_bound[self.bound.value, self.attacker.value]
        names = [f"private {label}" for label in gallery.labels]
        above = [tile(name, picture, "", size=TILE) for name, picture in zip(names, gallery.originals, strict=True)]
        below = [
            tile(f"of a {label}", picture, "recognised" if hit else "", size=TILE)
            for label, picture, hit in zip(gallery.labels, found.pictures, found.hits, strict=False)
        ]
        summary = (
            f"Attack accuracy {found.hits.mean():.0%} of {len(found.hits)} private digits (chance 20%), mean error "
            f"{found.errors.mean():.3f}; served vectors are {found.distortion:.2g} away from the clean ones; accuracy "
            f"lost: {found.accuracy_loss:.1%}"
        )
        said = f'<p role="status" style="margin: 8px 0 0">{summary}</p>'
        self.digits.value = said + "".join(f"<div>{''.join(row)}</div>" for row in (above, below))
