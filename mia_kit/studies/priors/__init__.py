"""The study of priors: how real and how varied their pictures are, beside photographs that none has seen."""
