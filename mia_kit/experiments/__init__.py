"""Recipes, the experiments they run, the evidence these leave, and the table of claims."""
