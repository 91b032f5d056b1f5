"""Classifiers. Each has `features(images)`, the penultimate activations, and `logits(images)`."""

from mia_kit.models.small import SmallClassifier, predict

__all__ = ["SmallClassifier", "predict"]
