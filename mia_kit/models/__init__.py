"""Classifiers, which have `features(images)`, the penultimate activations, and `logits(images)`; embedder; priors.

Everywhere `channels` is 1 for grey pictures and 3 for colour, `classes` the number of people, at least 2, and `seed`
seeds the initial weights and nothing else.
"""

from mia_kit.models.backbones import BACKBONES, Backbone
from mia_kit.models.batches import in_batches
from mia_kit.models.classifier import Classifier
from mia_kit.models.convolutional import ConvolutionalClassifier
from mia_kit.models.decoder import InversionDecoder
from mia_kit.models.embedder import embed, load_embedder, same_person_threshold
from mia_kit.models.priors import DCGAN, DCGAN_FRAME, Framed, HalfPrecision, Prior, load_dcgan, sample_latents
from mia_kit.models.residual import ResidualClassifier
from mia_kit.models.small import SmallClassifier, predict
from mia_kit.models.stylegan2 import StyleGAN2
from mia_kit.models.stylegan2_files import load_stylegan2
from mia_kit.models.weights import transplant

__all__ = [
    "BACKBONES", "DCGAN", "DCGAN_FRAME", "Backbone", "Classifier", "ConvolutionalClassifier", "Framed",
    "HalfPrecision", "InversionDecoder", "Prior", "ResidualClassifier", "SmallClassifier", "StyleGAN2", "embed",
    "in_batches", "load_dcgan", "load_embedder", "load_stylegan2", "predict", "same_person_threshold",
    "sample_latents", "transplant",
]  # fmt: skip
