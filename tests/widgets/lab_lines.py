"""State lines, good and bad, that the Python reader and the browser's reader must treat alike."""

SMOOTHINGS = (-0.3, -0.025, 0.0, 0.05, 0.5)
SEEDS = (42, 0, 3)

# what is typed -> what the laboratory writes
GOOD = {
    "smoothing=+0.05 seed=3 start=(-3.0,-10.0) target=2 stop=0.95": (
        "smoothing=+0.05 seed=3 start=(-3.0,-10.0) target=2 stop=0.95"
    ),
    "  stop=.9 target=0  seed=42 start=( 1 , 2.25 ) smoothing = -0.30": (
        "smoothing=-0.30 seed=42 start=(1.0,2.25) target=0 stop=0.90"
    ),
    "smoothing=-0.025 seed=0 start=(-0.0,20) target=1 stop=0.999": (
        "smoothing=-0.025 seed=0 start=(0.0,20.0) target=1 stop=0.999"
    ),
    "smoothing=0 seed=0 start=(1.23456,-1.0005) target=1 stop=0.9": (
        "smoothing=+0.00 seed=0 start=(1.235,-1.0) target=1 stop=0.90"
    ),
}

# what is typed -> the whole sentence
BAD = {
    "": 'The state line lacks "smoothing=".',
    "hello": 'The state line has a part that is not understood: "hello".',
    "smoothing=0 smoothing=0": 'The state line has a part that is not understood: "smoothing=0".',
    "smoothing=0 seed=0 target=1 stop=0.9": 'The state line lacks "start=".',
    "smoothing=x seed=0 start=(0,0) target=1 stop=0.9": 'smoothing must be a number, got "x" instead.',
    "smoothing=+0.06 seed=0 start=(0,0) target=1 stop=0.9": (
        "smoothing=+0.06 is not in the table; the nearest factor there is +0.05."
    ),
    "smoothing=0 seed=7 start=(0,0) target=1 stop=0.9": 'seed must be one of 42, 0, 3, got "7" instead.',
    "smoothing=0 seed=0 start=(0,20.1) target=1 stop=0.9": (
        'start must be two numbers from -20 to 20, like (-3.0,-10.0), got "(0,20.1)" instead.'
    ),
    "smoothing=0 seed=0 start=4 target=1 stop=0.9": (
        'start must be two numbers from -20 to 20, like (-3.0,-10.0), got "4" instead.'
    ),
    "smoothing=0 seed=0 start=(0,0) target=3 stop=0.9": 'target must be a class from 0 to 2, got "3" instead.',
    "smoothing=0 seed=0 start=(0,0) target=1 stop=1": 'stop must lie between 0 and 1, got "1" instead.',
    "smoothing=0 seed=0 start=(0,0) target=1 stop=0.0001": 'stop must lie between 0 and 1, got "0.0001" instead.',
}
