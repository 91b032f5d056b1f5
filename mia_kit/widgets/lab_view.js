/* Draws one state of the laboratory: the map, the three charts, the numbers, and the same in words. */

import { chart, thin } from "./lab_chart.js";
import { CLASS_STYLES, drawMap, mapScales } from "./lab_map.js";
import { START_LIMIT, formatFactor, formatStart } from "./lab_state.js";

export const BOUNDS = { low: -START_LIMIT, high: START_LIMIT };
const CURVE_LABEL = "distance (small = leaks more)";

function channels(colour) {
  return (colour.match(/[\d.]+/g) ?? ["255", "255", "255"]).slice(0, 3).map(Number);
}

/** Colours for the canvas, taken from the style sheet, so that the map follows the theme. */
export function readTheme(root) {
  const style = getComputedStyle(root);
  const paper = channels(style.backgroundColor);
  const dark = paper[0] + paper[1] + paper[2] < 384;
  return {
    paper,
    paperText: `rgb(${paper})`,
    ink: style.color,
    soft: style.getPropertyValue("--lab-soft"),
    line: style.getPropertyValue("--lab-line"),
    live: style.getPropertyValue("--lab-live"),
    pointEdge: dark ? "rgba(0,0,0,0.75)" : "rgba(255,255,255,0.9)",
    font: `11px ${style.fontFamily}`,
    boldFont: `bold 13px ${style.fontFamily}`,
  };
}

export function outcomeText({ stopped }) {
  return stopped ? "stopped" : "ran out of steps";
}

/** One sentence with the numbers on show, for the screen reader and the labels of the drawings. */
export function describe(state, inversion) {
  const { factor, seed, start, target } = state;
  return (
    `Factor ${formatFactor(factor)}, seed ${seed}: the attack on class ${target} from ${formatStart(start)} ` +
    `${outcomeText(inversion)} after ${inversion.steps} steps with confidence ${inversion.confidence.toFixed(3)}, ` +
    `${inversion.nearest.distance.toFixed(2)} from the nearest training point.`
  );
}

function showNumbers(ui, state, inversion) {
  ui["factor-value"].textContent = formatFactor(state.factor);
  ui.distance.textContent = inversion.nearest.distance.toFixed(2);
  ui.steps.textContent = String(inversion.steps);
  ui.confidence.textContent = inversion.confidence.toFixed(3);
  ui.outcome.textContent = outcomeText(inversion);
}

function placeHandle(ui, size, start) {
  const { toX, toY } = mapScales(size, BOUNDS);
  ui.handle.style.left = `${toX(start[0])}px`;
  ui.handle.style.top = `${toY(start[1])}px`;
  ui.handle.setAttribute(
    "aria-label",
    `Start point ${formatStart(start)}: drag it, or move it with the arrow keys (with Shift: fine steps)`,
  );
}

function fillChart(svg, spec, label) {
  const width = Math.max(160, svg.clientWidth);
  const height = svg.clientHeight || 160;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-label", label);
  svg.innerHTML = chart({ width, height, ...spec });
}

/** The limits of the logarithmic axis: all finite distances, rounded outwards, at least one decade. */
export function curveLimits(distances) {
  const finite = [...distances].filter((value) => value > 0);
  if (!finite.length) return { low: 0.1, high: 10 };
  const low = Math.max(0.01, Math.min(...finite) / 1.15);
  return { low, high: Math.max(10 * low, Math.max(...finite) * 1.15) };
}

function drawCurve(ui, table, scene) {
  const { curve, summary, state, inversion, live } = scene;
  const x = table.smoothings;
  const column = table.seeds.indexOf(state.seed);
  const own = x.map((_, row) => curve.distances[row * table.seeds.length + column]);
  const lines = [{ x, y: own, name: "lab-line-own" }];
  if (summary) lines.unshift({ x, y: summary.median, name: "lab-line-median" });
  const markers = [{ x: state.factor, y: inversion.nearest.distance, name: "lab-marker" }];
  if (live) markers.push({ x: live.factor, y: live.nearest.distance, name: "lab-marker-live" });
  const limits = curveLimits([...curve.distances, ...markers.map((marker) => marker.y)]);
  const spec = {
    x: { low: x[0], high: x[x.length - 1], label: "label-smoothing factor" },
    y: { ...limits, log: true, label: CURVE_LABEL },
    band: summary && { x, ...summary },
    lines,
    markers,
  };
  fillChart(ui.curve, spec, `Leakage curve, distance against factor. ${describe(state, inversion)}`);
  ui["curve-note"].textContent = curve.done < curve.total ? `computing ${curve.done} of ${curve.total}` : "";
}

function drawSeries(svg, values, y, label) {
  const kept = thin(values);
  const spec = {
    x: { low: 0, high: Math.max(1, values.length - 1), label: "step" },
    y,
    lines: [{ x: kept, y: kept.map((i) => values[i]), name: "lab-line-path" }],
    markers: values.length === 1 ? [{ x: 0, y: values[0], name: "lab-marker" }] : [],
  };
  fillChart(svg, spec, label);
}

function drawAlongPath(ui, { path }, { stop }) {
  const norms = path.gradientNorms.map((norm) => Math.max(norm, 1e-12));
  const highest = norms.reduce((a, b) => Math.max(a, b));
  const lowest = norms.reduce((a, b) => Math.min(a, b));
  const limits = { low: Math.min(lowest / 1.5, highest / 15), high: highest * 1.5 };
  drawSeries(
    ui.norm,
    norms,
    { ...limits, log: true, label: "gradient norm" },
    `Gradient norm along the path, from ${norms[0].toExponential(1)} to ${norms[norms.length - 1].toExponential(1)}`,
  );
  drawSeries(
    ui["confidence-path"],
    path.confidences,
    { low: 0, high: 1, label: "confidence" },
    `Confidence in the target class along the path, at the end ${path.confidences.at(-1).toFixed(3)}, stop at ${stop}`,
  );
}

/** Draws the scene: { state, inversion, map, curve, summary, live, liveOnMap }. */
export function drawScene(ui, table, scene, theme) {
  const { state, inversion } = scene;
  const size = ui.map.parentElement.clientWidth;
  showNumbers(ui, state, inversion);
  placeHandle(ui, size, state.start);
  const onMap = { bounds: BOUNDS, map: scene.map, cloud: table.cloud, inversion, live: scene.liveOnMap };
  drawMap(ui.map, size, onMap, theme);
  const hues = CLASS_STYLES.map(({ name, marker }) => `${name} ${marker}s`).join(", ");
  ui.map.setAttribute("aria-label", `Decision map with training points (${hues}). ${describe(state, inversion)}`);
  drawAlongPath(ui, inversion, state);
  drawCurve(ui, table, scene);
}
