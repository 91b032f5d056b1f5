"""What `mia-kit claims` prints, kept beside the evidence: to judge every table anew takes seconds.

The first line of the file is a digest of the evidence and of what the claims ask of it. A text whose digest no longer
fits is not read. Who changes the code of the rule renews it with `make claims`; a test holds the text to the code.
"""

from __future__ import annotations

import hashlib

from mia_kit.runs.places import PACKAGE, evidence_folder

NAME = "claims.txt"


def read() -> str:
    """The text; "" if none is kept, or if evidence or claims have changed since it was written."""
    try:
        first, _, text = (evidence_folder() / NAME).read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return ""
    return text if first == digest() else ""


def write(text: str) -> None:
    """Keep a text with the digest of what it was made from. OSError if that cannot be written."""
    (evidence_folder() / NAME).write_text(f"{digest()}\n{text}", encoding="utf-8")


def digest() -> str:
    """Of the claims and of all evidence files, whose line ends git may have turned."""
    evidence = evidence_folder()
    seen = hashlib.sha256()
    for path in [PACKAGE / "runs" / "claims.yaml", *sorted([*evidence.glob("*.json"), *evidence.glob("*.gz")])]:
        seen.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return seen.hexdigest()
