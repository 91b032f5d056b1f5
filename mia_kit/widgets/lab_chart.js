/* Line charts as SVG text: linear or logarithmic vertical axis, a band, lines, markers. Pure functions, no page.
 *
 * Colours come from the style sheet through class names, so that a theme change needs no new drawing.
 */

const MARGIN = { left: 64, right: 12, top: 10, bottom: 38 };

/** Round numbers between two values: about `count` of them. */
export function linearTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return ticks;
}

/** Powers of ten between two values; also 2 and 5 times these when the range is short. */
export function logTicks(low, high) {
  const ticks = [];
  const short = Math.log10(high / low) < 1.6;
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of short ? [1, 2, 5] : [1]) {
      const tick = factor * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  const every = Math.ceil(ticks.length / 6);
  return ticks.filter((_, i) => i % every === 0);
}

/** 0.1, 5, 1,000, 1e-8: short text for a tick. */
export function tickText(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100000)) return value.toExponential(0).replace("e+", "e");
  return String(Math.round(value * 1000) / 1000).replace("-", "\u2212");
}

/** Maps from data to pixels for a chart of width x height. */
export function createScales({ width, height, x, y }) {
  const transform = y.log ? Math.log10 : (value) => value;
  const low = transform(y.low);
  const span = transform(y.high) - low;
  const clamp = (share) => Math.min(1, Math.max(0, share));
  return {
    toX: (value) => MARGIN.left + ((value - x.low) / (x.high - x.low)) * (width - MARGIN.left - MARGIN.right),
    toY: (value) =>
      height - MARGIN.bottom - clamp((transform(value) - low) / span) * (height - MARGIN.top - MARGIN.bottom),
  };
}

/** The `d` of a path through the points; a NaN breaks the line. */
export function pathData(xs, ys, { toX, toY }) {
  let pen = "M";
  let data = "";
  for (let i = 0; i < xs.length; i++) {
    if (Number.isNaN(ys[i])) {
      pen = "M";
      continue;
    }
    data += `${pen}${toX(xs[i]).toFixed(1)} ${toY(ys[i]).toFixed(1)}`;
    pen = "L";
  }
  return data;
}

function axes({ width, height, x, y }, { toX, toY }) {
  const bottom = height - MARGIN.bottom;
  const yTicks = y.log ? logTicks(y.low, y.high) : linearTicks(y.low, y.high, 4);
  const rows = yTicks.map(
    (tick) =>
      `<line class="lab-grid" x1="${MARGIN.left}" x2="${width - MARGIN.right}" y1="${toY(tick)}" y2="${toY(tick)}"/>` +
      `<text x="${MARGIN.left - 6}" y="${toY(tick) + 4}" text-anchor="end">${tickText(tick)}</text>`,
  );
  const columns = linearTicks(x.low, x.high, width < 320 ? 3 : 6).map(
    (tick) =>
      `<line class="lab-grid" x1="${toX(tick)}" x2="${toX(tick)}" y1="${MARGIN.top}" y2="${bottom}"/>` +
      `<text x="${toX(tick)}" y="${bottom + 15}" text-anchor="middle">${tickText(tick)}</text>`,
  );
  const middle = MARGIN.top + (bottom - MARGIN.top) / 2;
  const centre = (MARGIN.left + width - MARGIN.right) / 2;
  return (
    rows.join("") +
    columns.join("") +
    `<text x="${centre}" y="${height - 6}" text-anchor="middle">${x.label}</text>` +
    `<text transform="translate(13 ${middle}) rotate(-90)" text-anchor="middle">${y.label}</text>`
  );
}

function band({ x, low, high }, scales) {
  const there = pathData(x, high, scales);
  const back = pathData([...x].reverse(), [...low].reverse(), scales);
  return `<path class="lab-band" d="${there}${back.replace("M", "L")}Z"/>`;
}

/** The inside of an <svg>.
 *
 * `spec` = { width, height, x: { low, high, label }, y: { low, high, label, log },
 *            band?: { x, low, high }, lines: [{ x, y, name }], markers: [{ x, y, name }] }; `name` is a class name.
 */
export function chart(spec) {
  const scales = createScales(spec);
  const lines = spec.lines.map(({ x, y, name }) => `<path class="${name}" d="${pathData(x, y, scales)}"/>`);
  const markers = spec.markers.map(
    ({ x, y, name }) => `<circle class="${name}" r="6" cx="${scales.toX(x)}" cy="${scales.toY(y)}"/>`,
  );
  return axes(spec, scales) + (spec.band ? band(spec.band, scales) : "") + lines.join("") + markers.join("");
}

/** At most about `count` indices of a series: the lowest and highest of each stretch, so that no peak is lost. */
export function thin(values, count = 400) {
  if (values.length <= count) return values.map((_, i) => i);
  const stretch = Math.ceil((2 * values.length) / count);
  const kept = [];
  for (let from = 0; from < values.length; from += stretch) {
    let lowest = from;
    let highest = from;
    for (let i = from; i < Math.min(from + stretch, values.length); i++) {
      if (values[i] < values[lowest]) lowest = i;
      if (values[i] > values[highest]) highest = i;
    }
    kept.push(...new Set([Math.min(lowest, highest), Math.max(lowest, highest)]));
  }
  return kept;
}
