"""Thirty-odd deliberate mistakes, one at a time: each must turn the tests beside it red.

    python -m tests.project.breaks            # a line a break; ends with 1 if the tests miss one
    python -m tests.project.breaks margin     # the breaks whose file or note holds that word

The code is broken in a copy. `test_breaks.py` holds every break to the code as it stands.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Break(NamedTuple):
    """A mistake: in a file of the package, what is written instead of what, and the tests that must see it."""

    note: str
    file: str
    right: str
    wrong: str
    tests: str


BREAKS = [
    Break(
        "wrong sign of the factor",
        "smoothing.py",
        "(1 - smoothing) * hard +",
        "(1 + smoothing) * hard +",
        "test_smoothing.py",
    ),
    Break("the ramp one epoch late", "smoothing.py", "(epoch + 1 - start)", "(epoch - start)", "test_smoothing.py"),
    Break(
        "logits served as confidences",
        "access.py",
        "serve(logits.softmax(dim=1), images)",
        "serve(logits, images)",
        "test_access.py",
    ),
    Break(
        "queries counted once a call",
        "access.py",
        "self.queries += len(images)\n            images",
        "self.queries += 1\n            images",
        "test_access.py",
    ),
    Break("a range without its upper end", "check.py", "or plain > high or", "or plain >= high or", "test_check.py"),
    Break(
        "uphill instead of downhill",
        "toy/world.py",
        "point.detach() - learning_rate",
        "point.detach() + learning_rate",
        "toy",
    ),
    Break(
        "picture not turned",
        "data/reading.py",
        "return ImageOps.exif_transpose(picture)",
        "return picture",
        "data/test_reading.py",
    ),
    Break(
        "hidden colours shown",
        "data/reading.py",
        'picture.size, "white"',
        'picture.size, "black"',
        "data/test_reading.py",
    ),
    Break(
        "the dose forgets a drop of the rate",
        "training/dose.py",
        "(epoch >= full) + (epoch >= last_drop)",
        "(epoch >= full)",
        "training/test_dose.py",
    ),
    Break(
        "Poincare without the clip",
        "attacks/losses.py",
        "- _INSIDE).clamp(0, 1)",
        "- _INSIDE)",
        "attacks/test_losses.py",
    ),
    Break(
        "the raw logit's sign",
        "attacks/losses.py",
        "return -_of_targets(_checked(logits, targets), targets)",
        "return _of_targets(_checked(logits, targets), targets)",
        "attacks/test_losses.py",
    ),
    Break(
        "the target among the others",
        "attacks/losses.py",
        "(logits.shape[1] - 1) - _of",
        "logits.shape[1] - _of",
        "attacks/test_losses.py",
    ),
    Break(
        "the worst candidates selected",
        "attacks/ppa.py",
        "table.topk(settings.keep, dim=1)",
        "(-table).topk(settings.keep, dim=1)",
        "attacks/test_ppa.py",
    ),
    Break(
        "the pool without its mirror images",
        "attacks/ppa.py",
        "torch.cat([images, images.flip(3)])",
        "torch.cat([images, images])",
        "attacks/test_ppa.py",
    ),
    Break(
        "ranks count ties for the attacker",
        "metrics/leakage.py",
        ">= logits[np.arange",
        "> logits[np.arange",
        "metrics/test_leakage.py",
    ),
    Break(
        "one chance likeness makes a person",
        "metrics/leakage.py",
        "np.median(cdist",
        "np.min(cdist",
        "metrics/test_leakage.py",
    ),
    Break(
        "true positives one threshold too far",
        "metrics/membership.py",
        'side="right") - 1',
        'side="right")',
        "metrics/test_membership.py",
    ),
    Break(
        "members and others swapped",
        "metrics/membership.py",
        "return RocCurve(called[1], called[0])",
        "return RocCurve(called[0], called[1])",
        "metrics/test_membership.py",
    ),
    Break(
        "the average attack's sign",
        "membership/thresholds.py",
        "Verdicts(-losses, -float(known_members.mean()))",
        "Verdicts(losses, float(known_members.mean()))",
        "membership/test_thresholds.py",
    ),
    Break(
        "the threshold includes the loss itself",
        "membership/thresholds.py",
        "hits - alarms, (hits - alarms).max()",
        "hits, hits.max()",
        "membership/test_thresholds.py",
    ),
    Break(
        "BiDO pulls apart",
        "defences/bido.py",
        "- label_weight * on_labels",
        "+ label_weight * on_labels",
        "defences/test_bido.py",
    ),
    Break(
        "MID's divergence halved",
        "defences/mid.py",
        "0.5 * (mean.square()",
        "0.25 * (mean.square()",
        "defences/test_mid.py",
    ),
    Break(
        "noise from the pictures' stream",
        "defences/dp_sgd.py",
        "epoch_seed ^ 0x6E6F697365",
        "epoch_seed",
        "defences/test_dp_sgd.py",
    ),
    Break(
        "a negative epsilon",
        "defences/dp_sgd.py",
        "max(0.0, accountant.get_epsilon(delta))",
        "accountant.get_epsilon(delta)",
        "defences/test_dp_sgd.py",
    ),
    Break(
        "an interval of the wrong width",
        "runs/compare.py",
        "(1 + confidence) / 2, len(by_seed) - 1)",
        "confidence, len(by_seed) - 1)",
        "runs/test_compare.py",
    ),
    Break(
        "the narrower interval",
        "runs/compare.py",
        "return max(candidates",
        "return min(candidates",
        "runs/test_compare.py",
    ),
    Break(
        "a weak effect reproduces",
        "runs/claims.py",
        "estimate.estimate * contrast.sign >= smallest",
        "estimate.estimate * contrast.sign >= 0",
        "runs/test_verdicts.py",
    ),
    Break("two seeds are enough", "runs/claims.py", "LEAST_SEEDS = 3", "LEAST_SEEDS = 2", "runs/test_verdicts.py"),
    Break(
        "a key without the version",
        "runs/parts.py",
        "[self.kind, self.version, self.settings()]",
        "[self.kind, self.settings()]",
        "runs",
    ),
    Break(
        "bars that point the wrong way",
        "figures/series.py",
        "np.nan_to_num(high - value), np.nan_to_num(value - low)",
        "np.nan_to_num(value - low), np.nan_to_num(high - value)",
        "figures",
    ),
    Break("evaluation mode forgotten", "training/fit.py", "model.eval()", "model.train()", "training/test_fit.py"),
    Break(
        "a state line with two decimals",
        "widgets/state_line.py",
        "value * 1000 + 0.5) / 1000",
        "value * 100 + 0.5) / 100",
        "widgets/test_state_line.py",
    ),
]


def run(mistake: Break, folder: Path) -> tuple[bool, float]:
    """Whether the tests turn red, and their seconds."""
    code = folder / "mia_kit" / mistake.file
    text = code.read_text(encoding="utf-8")
    code.write_text(text.replace(mistake.right, mistake.wrong, 1), encoding="utf-8")
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/{mistake.tests}"]
    red = subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 1
    code.write_text(text, encoding="utf-8")
    return red, time.perf_counter() - began


def main(word: str = "") -> int:
    mistakes = [mistake for mistake in BREAKS if word in mistake.note + mistake.file]
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tree(folder)
        for mistake in mistakes:
            red, seconds = run(mistake, folder)
            missed += not red
            print(f"{'red' if red else 'MISSED':7}{seconds:6.1f} s  {mistake.file}: {mistake.note}", flush=True)
    print(f"{len(mistakes) - missed} of {len(mistakes)} red")
    return int(missed > 0)


def copy_tree(folder: Path) -> None:
    """All that tests need, in a folder of its own; nothing that is built or stored."""
    ignored = shutil.ignore_patterns("__pycache__", ".venv", ".git", ".*_cache", "node_modules")
    shutil.copytree(ROOT, folder, ignore=ignored, dirs_exist_ok=True)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
