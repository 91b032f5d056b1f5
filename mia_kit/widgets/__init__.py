"""Widgets of the notebooks, and the same drawings as a page without a kernel. No mathematics in Python here."""
