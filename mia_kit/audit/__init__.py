"""Audit your own classifier: what it gives away about the pictures that it was trained on.

    from mia_kit import audit
    report = audit.run("audit.yaml")            # or audit.run(configuration, model=network)
    report.write()

`mia-kit audit audit.yaml` does the same.
"""

from mia_kit.audit.session import run

__all__ = ["run"]
