/* The attack of the smoothing laboratory and the distances it is judged by. Pure functions, no page.
 *
 * Follows "Be Careful What You Smooth For" (ICLR 2024), section 3, Figure 1: gradient descent from a start point on
 * the plain cross-entropy of the target class. `mia_kit.toy.invert` is the same attack in PyTorch; tests hold the two
 * together.
 */

import { CLASSES, createEvaluator, evaluate } from "./lab_network.js";

export const LEARNING_RATE = 0.1;
export const MAX_STEPS = 10000;

/** An attack that has not moved yet. `settings` = { start: [x, y], target, stop }; `record` keeps the whole path. */
export function startInversion(model, settings, { record = false, maxSteps = MAX_STEPS } = {}) {
  const [x, y] = settings.start.map(Math.fround);
  const run = { evaluator: createEvaluator(model), x, y, target: settings.target, stop: settings.stop, maxSteps };
  Object.assign(run, { step: 0, done: false, stopped: false, path: null });
  if (record) run.path = { xs: [x], ys: [y], confidences: [], gradientNorms: [] };
  return run;
}

/** Moves an attack on by at most `steps` steps; true when it is over.
 *
 * The update is made before the stop rule is acted on, as in the published run: the returned point lies one step past
 * the point whose confidence crossed the threshold. The point is rounded to float32, as PyTorch keeps it. When a step
 * leaves the point exactly where it was, every later step would too: the attack ends there, out of steps.
 */
export function advanceInversion(run, steps) {
  const { confidences } = run.evaluator;
  for (let end = Math.min(run.maxSteps, run.step + steps); run.step < end && !run.done; ) {
    const { slope } = evaluate(run.evaluator, run.x, run.y);
    let gx = 0;
    let gy = 0;
    for (let k = 0; k < CLASSES; k++) {
      const error = confidences[k] - (k === run.target ? 1 : 0); // d cross-entropy / d logit
      gx += error * slope[2 * k];
      gy += error * slope[2 * k + 1];
    }
    const x = Math.fround(run.x - LEARNING_RATE * gx);
    const y = Math.fround(run.y - LEARNING_RATE * gy);
    const stuck = x === run.x && y === run.y;
    const confidence = confidences[run.target];
    run.x = x;
    run.y = y;
    if (run.path) recordStep(run, confidence, Math.hypot(gx, gy));
    if (confidence > run.stop) run.done = run.stopped = true;
    else if (stuck) run.step = run.maxSteps;
    else run.step += 1;
  }
  if (run.step >= run.maxSteps) run.done = true;
  return run.done;
}

function recordStep({ path, x, y }, confidence, gradientNorm) {
  path.xs.push(x);
  path.ys.push(y);
  path.confidences.push(confidence);
  path.gradientNorms.push(gradientNorm);
}

/** The whole attack at once: its path, the nearest training point of the target class, the confidence at the result.
 *
 * `path.confidences` has one value for each point, `path.gradientNorms` one for each but the last.
 */
export function invert(model, settings, cloud) {
  const run = startInversion(model, settings, { record: true });
  advanceInversion(run, MAX_STEPS);
  evaluate(run.evaluator, run.x, run.y);
  const confidence = run.evaluator.confidences[settings.target];
  run.path.confidences.push(confidence);
  return { ...run, steps: run.step, confidence, nearest: nearestPoint(cloud, settings.target, run.x, run.y) };
}

/** The training point of class `target` nearest to (x, y): { x, y, distance }. `cloud` = { points, labels }. */
export function nearestPoint({ points, labels }, target, x, y) {
  const best = { x: NaN, y: NaN, distance: Infinity };
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== target) continue;
    const distance = Math.hypot(points[2 * i] - x, points[2 * i + 1] - y);
    if (distance < best.distance) Object.assign(best, { x: points[2 * i], y: points[2 * i + 1], distance });
  }
  return best;
}

/** The value below which a share of the sorted numbers lies, interpolated linearly (as numpy.quantile). */
export function quantile(sorted, share) {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** Median and 10-90 % band over seeds. `distances`: Float32Array (factors x seeds). */
export function summariseCurve(distances, factors, seeds) {
  const summary = { median: [], low: [], high: [] };
  for (let i = 0; i < factors; i++) {
    const sorted = distances.slice(i * seeds, (i + 1) * seeds).sort();
    summary.median.push(quantile(sorted, 0.5));
    summary.low.push(quantile(sorted, 0.1));
    summary.high.push(quantile(sorted, 0.9));
  }
  return summary;
}
