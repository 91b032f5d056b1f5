"""`make constraints`: the versions of everything that mia_kit[lab,test] brings, as installed and tested here.

CUDA libraries are left out: torch names its own. No index address is written.
"""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LEFT_OUT = re.compile(r"nvidia-|cuda-|triton|mia-kit")


def installed(root: str, extras: Iterable[str]) -> dict[str, str]:
    """Name and version of all that `root` with its extras requires here, what those require included."""
    versions: dict[str, str] = {}
    waiting = [(root, frozenset(extras))]
    seen = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another system or Python
        versions[canonicalize_name(name)] = package.version.partition("+")[0]
        for requirement in map(Requirement, package.requires or []):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted or {""}):
                waiting.append((requirement.name, frozenset(requirement.extras)))
    return {name: version for name, version in sorted(versions.items()) if not LEFT_OUT.match(name)}


if __name__ == "__main__":
    print("# The versions that `make test` was green with. Made by `make constraints`; leave it out: CONSTRAINTS=")
    for name, version in installed("mia_kit", ["lab", "test"]).items():
        print(f"{name}=={version}")
