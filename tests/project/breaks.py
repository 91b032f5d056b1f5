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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
# For each file of the package: what the mistake is, what stands there, and what is written instead.
BREAKS: dict[str, list[tuple[str, str, str]]] = {
    "smoothing.py": [
        ("wrong sign of the factor", "(1 - smoothing) * hard +", "(1 + smoothing) * hard +"),
        ("the ramp one epoch late", "(epoch + 1 - start)", "(epoch - start)"),
    ],
    "access.py": [
        ("logits served as confidences", "serve(logits.softmax(dim=1), images)", "serve(logits, images)"),
        ("queries counted once a call", "+= len(images)\n            images", "+= 1\n            images"),
    ],
    "check.py": [("a range without its upper end", "or plain > high or", "or plain >= high or")],
    "toy/world.py": [("uphill, not down", "point.detach() - learning_rate", "point.detach() + learning_rate")],
    "data/reading.py": [
        ("picture not turned", "return ImageOps.exif_transpose(picture)", "return picture"),
        ("hidden colours shown", 'picture.size, "white"', 'picture.size, "black"'),
    ],
    "training/dose.py": [
        ("the dose forgets a drop of the rate", "(epoch >= full) + (epoch >= last_drop)", "(epoch >= full)"),
    ],
    "training/fit.py": [("evaluation mode forgotten", "model.eval()", "model.train()")],
    "attacks/losses.py": [
        ("Poincare without the clip", "- _INSIDE).clamp(0, 1)", "- _INSIDE)"),
        ("the raw logit's sign", "return -_of_targets(_checked(", "return _of_targets(_checked("),
        ("the target among the others", "(logits.shape[1] - 1) - _of", "logits.shape[1] - _of"),
    ],
    "attacks/ppa.py": [
        ("the worst candidates selected", "table.topk(settings.keep, dim=1)", "(-table).topk(settings.keep, dim=1)"),
        ("the pool without its mirror images", "torch.cat([images, images.flip(3)])", "torch.cat([images, images])"),
    ],
    "metrics/leakage.py": [
        ("ranks count ties for the attacker", ">= logits[np.arange", "> logits[np.arange"),
        ("one chance likeness makes a person", "np.median(cdist", "np.min(cdist"),
    ],
    "metrics/membership.py": [
        ("true positives one threshold too far", 'side="right") - 1', 'side="right")'),
        ("members and others swapped", "RocCurve(called[1], called[0])", "RocCurve(called[0], called[1])"),
    ],
    "membership/thresholds.py": [
        ("the average attack's sign", "(-losses, -float(known_members.mean", "(losses, float(known_members.mean"),
        ("the threshold includes the loss itself", "hits - alarms, (hits - alarms).max()", "hits, hits.max()"),
    ],
    "defences/bido.py": [("BiDO pulls apart", "- label_weight * on_labels", "+ label_weight * on_labels")],
    "defences/mid.py": [("MID's divergence halved", "0.5 * (mean.square()", "0.25 * (mean.square()")],
    "defences/dp_sgd.py": [
        ("noise from the pictures' stream", "epoch_seed ^ 0x6E6F697365", "epoch_seed"),
        ("a negative epsilon", "max(0.0, accountant.get_epsilon(delta))", "accountant.get_epsilon(delta)"),
    ],
    "runs/compare.py": [
        ("an interval of the wrong width", "(1 + confidence) / 2, len(by_seed)", "confidence, len(by_seed)"),
        ("the narrower interval", "return max(candidates", "return min(candidates"),
    ],
    "runs/claims.py": [
        ("a weak effect reproduces", "contrast.sign >= smallest", "contrast.sign >= 0"),
        ("two seeds are enough", "LEAST_SEEDS = 3", "LEAST_SEEDS = 2"),
    ],
    "runs/parts.py": [("a key without the version", "[self.kind, self.version, self", "[self.kind, self")],
    "figures/series.py": [("bars that point the wrong way", "up, down = ", "down, up = ")],
    "widgets/state_line.py": [
        ("a state line with two decimals", "value * 1000 + 0.5) / 1000", "value * 100 + 0.5) / 100"),
    ],
}


def beside(file: str) -> list[str]:
    """The tests of a file of the package: of its name, else those of its room."""
    place = Path("tests", file)
    by_name = sorted((ROOT / place.parent).glob(f"test_{place.stem}*.py"))
    return [path.relative_to(ROOT).as_posix() for path in by_name] or [place.parent.as_posix()]


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of all that tests need, while the block runs; nothing that is built or stored."""
    ignored = shutil.ignore_patterns("__pycache__", ".venv", ".git", ".*_cache", "node_modules")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT, folder, ignore=ignored, dirs_exist_ok=True)
        yield Path(folder)


def turns_red(folder: Path, file: str, broken: str) -> bool:
    """Whether tests see what is broken, or never end, when `broken` is written to a file of the copy's package."""
    code = folder / "mia_kit" / file
    text = code.read_text(encoding="utf-8")
    code.write_text(broken, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *beside(file)]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=900).returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        code.write_text(text, encoding="utf-8")


def main(word: str = "") -> int:
    seen = []
    with copied_tree() as folder:
        for file, mistakes in BREAKS.items():
            text = (ROOT / "mia_kit" / file).read_text(encoding="utf-8")
            for note, right, wrong in mistakes:
                if word in note + file:
                    seen.append(turns_red(folder, file, text.replace(right, wrong, 1)))
                    print(f"{'red' if seen[-1] else 'MISSED':7} {file}: {note}", flush=True)
    print(f"{sum(seen)} of {len(seen)} red")
    return int(not all(seen))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
