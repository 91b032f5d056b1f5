"""The study of model inversion: train a target, attack it, let judges look at what the attack brings back.

The label-smoothing paper (Struppek et al., ICLR 2024) in all its figures is one study with different recipes: factors
and losses, photographs a person, single stages, other attacks, other defences, other people.
"""
