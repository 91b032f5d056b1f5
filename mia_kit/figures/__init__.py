"""Figures: pure functions from results to `Drawn` (a Plotly figure, its alt text, and the numbers it stands on)."""
