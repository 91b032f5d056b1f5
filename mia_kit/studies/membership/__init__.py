"""The study of membership inference: was this picture in the training data, and which regulariser hides it?

Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020): models of
every mechanism, alone and in pairs, under every attack of `mia_kit.membership`, and distance-to-confident beside them.
"""
