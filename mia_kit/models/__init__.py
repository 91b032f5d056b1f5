"""Classifiers, which have `features(images)`, the penultimate activations, and `logits(images)`; embedder; priors."""

from mia_kit.models.backbones import BACKBONES, Backbone, load_backbone_weights, transplant
from mia_kit.models.embedder import FaceEmbedder, embed, load_embedder, same_person_threshold
from mia_kit.models.priors import DCGAN, Prior, load_dcgan, sample_latents
from mia_kit.models.small import SmallClassifier, predict

__all__ = [
    "BACKBONES",
    "DCGAN",
    "Backbone",
    "FaceEmbedder",
    "Prior",
    "SmallClassifier",
    "embed",
    "load_backbone_weights",
    "load_dcgan",
    "load_embedder",
    "predict",
    "same_person_threshold",
    "sample_latents",
    "transplant",
]
