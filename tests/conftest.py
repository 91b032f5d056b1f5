"""What all tests share: how Hypothesis draws, finding Chromium, and what happens to the browser tests without it.

A test marked `browser` is skipped, with the reason, on a machine without Chromium. Continuous integration
sets MIA_KIT_REQUIRE_BROWSER=1: there a browser test that skips, for whatever reason, fails instead.
"""

import os
import shutil
from collections.abc import Generator

import pytest
from hypothesis import settings

# The same examples in every run, and no folder of failures beside the tests.
settings.register_profile("course", derandomize=True, database=None, deadline=None)
settings.load_profile("course")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = (
    "Chromium was not found: install it (Debian, Ubuntu: apt install chromium), "
    "or name it: MIA_KIT_CHROMIUM=/path/to/chrome"
)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, or None; MIA_KIT_CHROMIUM comes first."""
    named = os.environ.get("MIA_KIT_CHROMIUM")
    candidates = (named,) if named else CHROMIUM_NAMES
    return next((found for name in candidates if (found := shutil.which(name))), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a browser test before its fixtures start a server that nothing could look at."""
    if item.get_closest_marker("browser") and find_chromium() is None:
        pytest.skip(NO_CHROMIUM)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the browser tests are compulsory, report a skipped one as failed."""
    report = yield
    required = os.environ.get("MIA_KIT_REQUIRE_BROWSER") == "1"
    if required and report.skipped and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"MIA_KIT_REQUIRE_BROWSER=1, but this browser test was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def tiny_generator():
    """A generator of faces with random weights, so that no file is needed."""
    from mia_kit.models.priors import DCGAN
    from mia_kit.seeds import seeded

    with seeded(0):
        return DCGAN(width=4).eval().requires_grad_(False)


@pytest.fixture
def tiny_classroom(monkeypatch: pytest.MonkeyPatch, tiny_generator) -> Generator[None]:
    """The class of drawn people with four of them, a generator without a file, and a moment's training and attack."""
    from dataclasses import replace

    from mia_kit.studies.inversion import classroom, shipped

    for room in (classroom, shipped):
        monkeypatch.setattr(room, "load_dcgan", lambda: tiny_generator)
    for name, number in {"PEOPLE": 4, "PHOTOGRAPHS": 4, "TEST": 2, "WIDTH": 4, "EPOCHS": 1}.items():
        monkeypatch.setattr(classroom, name, number)
    monkeypatch.setattr(classroom, "ATTACK", replace(classroom.ATTACK, pool=8, steps=1))
    kept = (classroom.class_photographs, classroom.pool)
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()
