"""Colours as colour-blind readers see them, and on white paper: no two that a figure shows side by side look alike.

Simulation: Machado, Oliveira and Fernandes (2009), full severity, on linear RGB. Distance: CIE 1976 in Lab; a
difference of about 2.3 is just seen, 10 is seen at a glance. Contrast: WCAG 2.2, relative luminance.
"""

import itertools

import numpy as np
import pytest

from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, base_layout

SIMULATED = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "full colour": np.eye(3).tolist(),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
AT_A_GLANCE = 10.0


def linear(colour: str) -> np.ndarray:
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eyes: str) -> np.ndarray:
    seen = np.clip(np.array(SIMULATED[eyes]) @ linear(colour), 0, 1)
    ratio = TO_XYZ @ seen / TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(palette, eyes: str) -> float:
    """The least distance between two colours of a palette."""
    return min(np.linalg.norm(lab(one, eyes) - lab(other, eyes)) for one, other in itertools.combinations(palette, 2))


def contrast(colour: str, paper: str = "#FFFFFF") -> float:
    light = sorted(TO_XYZ[1] @ linear(own) for own in (colour, paper))
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize("eyes", SIMULATED)
def test_no_two_colours_of_the_palette_look_alike(eyes):
    assert nearest(OKABE_ITO, eyes) > AT_A_GLANCE


def test_the_simulation_finds_a_bad_pair():
    """Red and green of the same lightness, and a palette that many programs begin with."""
    assert nearest(("#C85A3C", "#7B8A32"), "full colour") > 40 and nearest(("#C85A3C", "#7B8A32"), "deuteranopia") < 15
    usual = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
    assert nearest(usual, "deuteranopia") < AT_A_GLANCE


def test_a_colour_is_never_alone():
    """Each place of the palette has a marker of its own and, within a figure's lines, a dash of its own."""
    assert len(set(OKABE_ITO)) == len(set(MARKERS)) == len(OKABE_ITO) == len(MARKERS)
    assert len(set(DASHES)) == len(DASHES) >= len(OKABE_ITO) - 1


def test_contrast_on_white():
    """Words 4.5 to 1. Marks 3 to 1, but for two lighter colours, which come last and have markers of their own."""
    assert contrast(base_layout("")["font"]["color"]) >= 4.5
    faint = [colour for colour in OKABE_ITO if contrast(colour) < 3]
    assert faint == ["#E69F00", "#56B4E9"] and min(map(contrast, faint)) > 2
