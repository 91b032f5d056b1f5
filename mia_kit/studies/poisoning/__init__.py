"""The study of poisoned answers: a decoder learns to turn a service's confidences into pictures, and the service lies.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning", tables 1 to 10; the attack
is that of Yang, Chang and Liang (CCS 2019). What differs from the paper stands in the recipes.
"""
