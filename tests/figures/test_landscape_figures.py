"""The loss surfaces: the planes' own numbers, one scale, words and markers that do without colour."""

import numpy as np
import pytest

from mia_kit.figures.landscape import loss_surfaces
from mia_kit.metrics.landscape import LossPlane


def plane(height):
    across, aside = np.linspace(-0.5, 1.5, 5), np.linspace(-1, 1, 5)
    losses = height * ((across[None] - 1) ** 2 + aside[:, None] ** 2) + 0.25
    return LossPlane(across, aside, losses, at_target=height + 0.25, at_surrogate=0.25)


def both():
    return loss_surfaces({"without defence": plane(1.0), "defended": plane(4.0)})


def test_surfaces_are_the_planes_on_one_scale():
    drawn = both()
    surfaces = [trace for trace in drawn.figure.data if trace.type == "surface"]
    np.testing.assert_allclose(surfaces[1].z, plane(4.0).losses)
    assert {(s.cmin, s.cmax) for s in surfaces} == {(np.log10(0.25), np.log10(plane(4.0).losses.max()))}
    np.testing.assert_allclose(surfaces[0].surfacecolor, np.log10(plane(1.0).losses), atol=1e-3)
    assert len({tuple(scene.zaxis.range) for scene in (drawn.figure.layout.scene, drawn.figure.layout.scene2)}) == 1


def test_markers_stand_on_both_pictures():
    markers = [trace for trace in both().figure.data if trace.type == "scatter3d"]
    assert [(m.name, m.x[0], m.y[0]) for m in markers[:2]] == [("protected picture", 0, 0), ("surrogate", 1, 0)]
    assert markers[2].z[0] / markers[3].z[0] == pytest.approx(17.0, abs=0.01)
    assert markers[3].z[0] > 0.25
    assert len({m.marker.symbol for m in markers}) == len({m.marker.color for m in markers}) == 2
    assert [m.showlegend for m in markers] == [True, True, False, False]


def test_words_and_numbers():
    drawn = both()
    assert "without defence: loss 1.25 at the protected picture and 0.25 at the surrogate" in drawn.alt
    assert "lowest on the plane 0.25, 1.00 of the way to the surrogate and 0.00 aside, highest 13.25" in drawn.alt
    np.testing.assert_allclose(drawn.arrays["at_pictures"], [[1.25, 0.25], [4.25, 0.25]])
    assert drawn.arrays["loss_quantiles"].shape == (2, 4)
    with pytest.raises(ValueError, match="number of planes must be at least 1"):
        loss_surfaces({})
