"""Two sliders move a surrogate through the plane: where do the attacks on the protected class end?"""

from __future__ import annotations

from mia_kit.figures.data_centric import place_name, surrogate_map
from mia_kit.toy.surrogate import SurrogateTable
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders

ACROSS, UP = "surrogate, across", "surrogate, up"


class SurrogateDragger(Sliders):
    """Drag the surrogate, or focus a slider and press the arrow keys; the ends of the attacks follow at once.

    `table` comes from `mia_kit.studies.data_centric.plane.surrogate_table`.
    """

    def __init__(self, table: SurrogateTable, *, guess: Guess | None = None) -> None:
        self._landed = {
            place_name(across, up): float(share)
            for across, row in zip(table.coordinates, table.landed(), strict=True)
            for up, share in zip(table.coordinates, row, strict=True)
        }
        self._attacks = table.on_surrogate[0, 0].size
        middle = table.coordinates[len(table.coordinates) // 2]
        stops = [(f"{coordinate:g}", coordinate) for coordinate in table.coordinates], middle
        super().__init__(dict.fromkeys((ACROSS, UP), stops), drawn=surrogate_map(table), guess=guess)

    def _show(self, place: tuple[float, float]) -> str:
        name = place_name(*place)
        self._move(name)
        hits = round(self._landed[name] * self._attacks)
        return f'<p role="status">Surrogate at ({name}): {hits} of {self._attacks} attacks end on it.</p>'
