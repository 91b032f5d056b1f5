"""How much faster is the batch than one model after another? `python tests/toy/benchmark_grid.py`

Trains and attacks 41 factors x 5 seeds as one batch; then, in the same run, does the same to a sample of them with the
plain loops, scales that to all 205, and prints the ratio.
"""

import time

import numpy as np

from mia_kit.toy import invert, invert_grid, train, train_grid

FACTORS = tuple(np.linspace(-0.3, 0.5, 41).round(6).tolist())
SEEDS = (0, 1, 2, 3, 4)
SAMPLE = [(FACTORS[index], SEEDS[k]) for k, index in enumerate((4, 12, 20, 28, 36))]  # evenly spread


def main() -> None:
    started = time.perf_counter()
    grid = train_grid(FACTORS, SEEDS)
    trained = time.perf_counter()
    inversions = invert_grid(grid, progress=True)
    batch = time.perf_counter() - started
    print(f"batch: {batch:.1f} s for {len(FACTORS)} x {len(SEEDS)} models (training {trained - started:.1f} s)")

    started = time.perf_counter()
    for factor, seed in SAMPLE:
        path = invert(train(factor, seed))
        i, k = FACTORS.index(factor), SEEDS.index(seed)
        print(
            f"  smoothing {factor:+.2f}, seed {seed}: {path.steps} steps, distance {path.distance:.2f}; "
            f"in the batch {inversions.steps[i, k, 0]} and {inversions.distance[i, k, 0]:.2f}"
        )
    single = (time.perf_counter() - started) / len(SAMPLE)
    everything = single * len(FACTORS) * len(SEEDS)
    print(f"plain loops: {single:.1f} s a model (mean of {len(SAMPLE)}), {everything:.0f} s for all")
    print(f"ratio: {everything / batch:.1f}")


if __name__ == "__main__":
    main()
