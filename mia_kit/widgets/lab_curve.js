/* The leakage curve, computed in the background: every factor and seed of the table, attacked with one setting.
 *
 * The work is cut into slices of a few milliseconds, so that a drag never waits for it. A new setting drops the old
 * computation (latest wins).
 */

import { advanceInversion, nearestPoint, startInversion } from "./lab_model.js";
import { unpackModel } from "./lab_network.js";

const SLICE_MS = 8;
const STEPS_PER_LOOK = 250; // about 0.3 ms between two looks at the clock

/** An empty result: NaN where nothing has been computed yet. */
export function emptyCurve(factors, seeds) {
  return { distances: new Float32Array(factors * seeds).fill(NaN), done: 0, total: factors * seeds };
}

/** The order of work: the seed on show first, so that its line stands early. */
export function workOrder(factors, seeds, firstSeed) {
  const columns = [firstSeed, ...Array.from({ length: seeds }, (_, i) => i).filter((i) => i !== firstSeed)];
  return columns.flatMap((column) => Array.from({ length: factors }, (_, row) => row * seeds + column));
}

/** Computes curves for `table` = { weights, smoothings, seeds, cloud }; calls `onChange(curve)` after each slice. */
export function createCurveComputer(table, onChange) {
  let timer = 0;

  function start(settings, firstSeed, delay = 0) {
    stop();
    const curve = emptyCurve(table.smoothings.length, table.seeds.length);
    const order = workOrder(table.smoothings.length, table.seeds.length, firstSeed);
    let run = null;

    function advance() {
      const index = order[curve.done];
      run ??= startInversion(unpackModel(table.weights, index), settings);
      if (!advanceInversion(run, STEPS_PER_LOOK)) return;
      curve.distances[index] = nearestPoint(table.cloud, settings.target, run.x, run.y).distance;
      curve.done += 1;
      run = null;
    }

    function slice() {
      const until = performance.now() + SLICE_MS;
      while (curve.done < curve.total && performance.now() < until) advance();
      if (curve.done < curve.total) timer = setTimeout(slice, 0);
      onChange(curve);
    }

    timer = setTimeout(slice, delay);
    return curve;
  }

  function stop() {
    clearTimeout(timer);
  }

  return { start, stop };
}
