"""Classifiers, which have `features(images)`, the penultimate activations, and `logits(images)`; a face embedder."""

from mia_kit.models.embedder import FaceEmbedder, embed, load_embedder, same_person_threshold
from mia_kit.models.small import SmallClassifier, predict

__all__ = ["FaceEmbedder", "SmallClassifier", "embed", "load_embedder", "predict", "same_person_threshold"]
