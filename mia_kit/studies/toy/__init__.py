"""The study of the plane: every factor from many seeds, attacked from several starts; claims S1 and S2."""
