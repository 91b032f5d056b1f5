"""A notebook-first course on how image classifiers leak the people they were trained on.

This file imports nothing, so that `import mia_kit` costs no time: neither torch nor plotly is loaded until a
room that needs it is. The rooms, in the order data flows through them: `data`, `models`, `training`, `defences`,
`access`, `attacks`, `membership`, `metrics`, `runs`, `studies`, `figures`, `audit`, `widgets`, `course`. Beside them,
`smoothing` and `toy` carry chapter 1.
"""

__version__ = "0.1.0"
