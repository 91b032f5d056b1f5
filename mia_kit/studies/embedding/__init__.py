"""The study of embeddings: how smoothing moves people about in the last hidden layer; claims S3 and S4.

Its targets are those of the study of inversion, so that a target that was attacked is embedded without new training.
"""
