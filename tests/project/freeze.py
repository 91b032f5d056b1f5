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
    asked = [(root, frozenset(extras))]
    for name, wanted in asked:  # which grows by what each requires
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another system or Python
        versions[canonicalize_name(name)] = package.version.partition("+")[0]
        for requirement in map(Requirement, package.requires or []):
            more, marker = (requirement.name, frozenset(requirement.extras)), requirement.marker
            needed = marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted or {""})
            if needed and more not in asked:
                asked.append(more)
    return {name: version for name, version in sorted(versions.items()) if not LEFT_OUT.match(name)}


if __name__ == "__main__":
    print("# The versions that `make test` was green with. Made by `make constraints`; leave it out: CONSTRAINTS=")
    for name, version in installed("mia_kit", ["lab", "test"]).items():
        print(f"{name}=={version}")
