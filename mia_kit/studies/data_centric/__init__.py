"""The study of the data-centric defence: contributors protect their own classes by the pictures that they hand in.

Chen et al. (see `mia_kit.defences.data_centric`), claims D1 to D7, on drawn people and on traffic signs. People,
targets and judges are those of the study of model inversion.
"""
