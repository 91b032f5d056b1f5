"""What does the field since cost, on one core? `OMP_NUM_THREADS=1 python tests/studies/inversion/benchmark_field.py`

Runs a tenth of the recipes `field_drawn` and `field_attacks` in a folder of its own: eight epochs instead of eighty,
and eight people under attack. Prints the seconds of one training or attack, and their ratio to hard labels or to Plug &
Play. An attack's own start is in its seconds; LOKT's surrogate stands apart, and TL-DMI's trunk is not counted.
"""

import os
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from mia_kit.runs.evidence import seconds_by
from mia_kit.runs.parts import with_inputs
from mia_kit.runs.store import Store
from mia_kit.studies.registry import measure, read_recipe

SHORT = {"people": 10, "tuning": {"people": 2, "steps": 1}}


def a_tenth(name: str, folder: Path) -> Path:
    """The recipe's file with less of everything, and on hard labels alone."""
    recipe = msgspec.to_builtins(read_recipe(name).recipe)
    recipe |= {"seeds": [0], "controls": [], "search": recipe["search"] | SHORT}
    recipe["target"]["epochs"] = 8
    for judge in ("evaluator", "judge"):
        recipe[judge]["epochs"] = 2
    for attack in recipe["attacks"]:
        attack |= {"factors": [0.0], "strongest": False, "rates": attack["rates"][:1]}
    path = folder / f"{name}.yaml"
    path.write_bytes(msgspec.yaml.encode(recipe))
    return path


def costs(name: str, folder: Path) -> dict[str, float]:
    """Seconds of one part of each kind."""
    named = read_recipe(str(a_tenth(name, folder)))
    counts = Counter(part.label for part in with_inputs(named.cells()))
    measure(named, Store(folder / "store"), progress=True)
    return {label: seconds / counts[label] for label, seconds in seconds_by(name).items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MIA_KIT_EVIDENCE"] = folder
        for name in ("field_drawn", "field_attacks"):
            seconds = costs(name, Path(folder))
            whole = seconds["FirstHalf"] + seconds["Target, smoothing 0"]
            attack = seconds["Scores"] + seconds["Inversion, ppa poincare"]
            print(f"\n{name}: hard labels {whole:.1f} s, Plug & Play {attack:.1f} s")
            for label, each in seconds.items():
                if label.startswith(("Target", "ZooAttack", "LabelSurrogate")) and "smoothing" not in label:
                    base = whole if label.startswith("Target") else attack
                    print(f"  {label:32} {each:6.1f} s {each / base:5.1f} times")


if __name__ == "__main__":
    main()
