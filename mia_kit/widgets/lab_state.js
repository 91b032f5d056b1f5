/* The state line: one short line of text that sets the whole laboratory, to copy, paste and keep.
 *
 *   smoothing=+0.04 seed=3 start=(-3.0,-10.0) target=2 stop=0.95
 *
 * `state_line.py` reads and writes the same line in Python; a test feeds both the same good and bad lines.
 */

import { CLASSES } from "./lab_network.js";

const PARTS = ["smoothing", "seed", "start", "target", "stop"];
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;
export const START_LIMIT = 20;

const round = (value) => Math.round(value * 1000) / 1000 + 0;

/** A number with at least `digits` and at most three decimals. */
function formatNumber(value, digits) {
  const text = round(value).toFixed(3);
  return text.slice(0, text.length - 3 + digits) + text.slice(text.length - 3 + digits).replace(/0+$/, "");
}

/** A factor with its sign and two or three decimals: +0.04, -0.30, +0.025. */
export function formatFactor(factor) {
  return (factor < -0.0005 ? "-" : "+") + formatNumber(Math.abs(factor), 2);
}

export function formatStart([x, y]) {
  return `(${formatNumber(x, 1)},${formatNumber(y, 1)})`;
}

/** The line for `state` = { factor, seed, start, target, stop }. */
export function formatState({ factor, seed, start, target, stop }) {
  const parts = [`smoothing=${formatFactor(factor)}`, `seed=${seed}`, `start=${formatStart(start)}`];
  return [...parts, `target=${target}`, `stop=${formatNumber(stop, 2)}`].join(" ");
}

function splitLine(line) {
  const values = {};
  for (const part of line.trim().replace(/\s*([=,()])\s*/g, trimAround).match(/\S+/g) ?? []) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals));
    if (!PARTS.includes(name) || name in values) {
      throw new Error(`The state line has a part that is not understood: "${part}".`);
    }
    values[name] = part.slice(equals + 1);
  }
  for (const name of PARTS) if (!(name in values)) throw new Error(`The state line lacks "${name}=".`);
  return values;
}

/** Spaces inside brackets and around "=" are dropped; the one after ")" parts two words and stays. */
function trimAround(_, sign) {
  return sign === ")" ? ") " : sign;
}

function number(text) {
  return NUMBER.test(text) ? Number(text) : NaN;
}

/** Reads a line; throws an Error with one sentence when a part is missing, unknown or out of range. */
export function parseState(line, { smoothings, seeds }) {
  const values = splitLine(line);
  const factor = number(values.smoothing);
  if (Number.isNaN(factor)) throw new Error(`smoothing must be a number, got "${values.smoothing}" instead.`);
  const nearest = smoothings.reduce((a, b) => (Math.abs(b - factor) < Math.abs(a - factor) ? b : a));
  if (Math.abs(nearest - factor) > 0.0005) {
    throw new Error(
      `smoothing=${values.smoothing} is not in the table; the nearest factor there is ${formatFactor(nearest)}.`,
    );
  }
  const seed = seeds.find((known) => String(known) === values.seed);
  if (seed === undefined) throw new Error(`seed must be one of ${seeds.join(", ")}, got "${values.seed}" instead.`);
  const bracket = /^\(([^,]+),([^,]+)\)$/.exec(values.start);
  const start = bracket ? bracket.slice(1).map(number).map(round) : [NaN];
  if (!start.every((value) => Math.abs(value) <= START_LIMIT)) {
    throw new Error(
      `start must be two numbers from -${START_LIMIT} to ${START_LIMIT}, like (-3.0,-10.0), got "${values.start}" instead.`,
    );
  }
  const target = /^\d+$/.test(values.target) ? Number(values.target) : NaN;
  if (!(target < CLASSES)) {
    throw new Error(`target must be a class from 0 to ${CLASSES - 1}, got "${values.target}" instead.`);
  }
  const stop = round(number(values.stop));
  if (!(stop > 0 && stop < 1)) throw new Error(`stop must lie between 0 and 1, got "${values.stop}" instead.`);
  return { factor: nearest, seed, start, target, stop };
}
