"""The fixtures of the data tests."""

from tiny_data import cache, data_root, pack

__all__ = ["cache", "data_root", "pack"]
