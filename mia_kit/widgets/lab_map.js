/* The decision map: a canvas with classes as hue, confidence as strength, training points, path and distance. */

import { CLASSES } from "./lab_network.js";

/** Okabe-Ito colours, which colour-blind readers can tell apart; each class also has its own marker. */
export const CLASS_STYLES = [
  { name: "class 0", colour: [0, 114, 178], marker: "circle" },
  { name: "class 1", colour: [213, 94, 0], marker: "square" },
  { name: "class 2", colour: [0, 158, 115], marker: "triangle" },
];
export const MAP_MARGIN = { left: 30, bottom: 22, top: 6, right: 6 };

/** Pixel positions on a square map `size` pixels wide, for coordinates within `bounds` = { low, high }. */
export function mapScales(size, { low, high }) {
  const side = size - MAP_MARGIN.left - MAP_MARGIN.right;
  const height = size - MAP_MARGIN.top - MAP_MARGIN.bottom;
  return {
    toX: (x) => MAP_MARGIN.left + ((x - low) / (high - low)) * side,
    toY: (y) => MAP_MARGIN.top + ((high - y) / (high - low)) * height,
    fromX: (px) => low + ((px - MAP_MARGIN.left) / side) * (high - low),
    fromY: (py) => high - ((py - MAP_MARGIN.top) / height) * (high - low),
  };
}

/** How strongly a cell is coloured: nothing at equal confidences, most at full confidence. */
export function strength(confidence) {
  const share = (confidence - 1 / CLASSES) / (1 - 1 / CLASSES);
  return 0.04 + 0.5 * share ** 1.5;
}

/** The cells as a small canvas, to be scaled up. `paper` is the background, [red, green, blue]. */
export function cellImage({ classes, confidences, cells }, paper) {
  const image = new ImageData(cells, cells);
  for (let i = 0; i < classes.length; i++) {
    const { colour } = CLASS_STYLES[classes[i]];
    const share = strength(confidences[i]);
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + share * (colour[c] - paper[c]);
    image.data[4 * i + 3] = 255;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = cells;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export function traceMarker(context, marker, x, y, radius) {
  context.beginPath();
  if (marker === "circle") context.arc(x, y, radius, 0, 2 * Math.PI);
  if (marker === "square") context.rect(x - 0.88 * radius, y - 0.88 * radius, 1.76 * radius, 1.76 * radius);
  if (marker === "triangle") {
    context.moveTo(x, y - 1.2 * radius);
    context.lineTo(x + 1.1 * radius, y + 0.8 * radius);
    context.lineTo(x - 1.1 * radius, y + 0.8 * radius);
    context.closePath();
  }
}

function drawAxes(context, size, scales, theme) {
  context.fillStyle = theme.soft;
  context.font = theme.font;
  context.textAlign = "center";
  for (const tick of [-10, 0, 10]) {
    const text = String(tick).replace("-", "\u2212");
    context.fillText(text, scales.toX(tick), size - 7);
    context.fillText(text, MAP_MARGIN.left / 2 - 1, scales.toY(tick) + 4);
  }
}

function drawCloud(context, { points, labels }, scales, theme) {
  context.lineWidth = 0.9;
  context.strokeStyle = theme.pointEdge;
  for (let i = 0; i < labels.length; i++) {
    const { colour, marker } = CLASS_STYLES[labels[i]];
    traceMarker(context, marker, scales.toX(points[2 * i]), scales.toY(points[2 * i + 1]), 3.4);
    context.fillStyle = `rgb(${colour})`;
    context.fill();
    context.stroke();
  }
}

/** A line with a halo in the paper's colour, readable on every hue. */
function strokeWithHalo(context, theme, colour, width, dash = []) {
  context.setLineDash([]);
  context.strokeStyle = theme.paperText;
  context.lineWidth = width + 2.5;
  context.stroke();
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

function drawPath(context, { xs, ys }, scales, theme, colour, dash) {
  context.beginPath();
  let lastX = NaN;
  let lastY = NaN;
  for (let i = 0; i < xs.length; i++) {
    const x = scales.toX(xs[i]);
    const y = scales.toY(ys[i]);
    // a move below a third of a pixel cannot be seen: ten thousand steps become a few hundred segments
    if (i < xs.length - 1 && Math.abs(x - lastX) < 0.33 && Math.abs(y - lastY) < 0.33) continue;
    context.lineTo((lastX = x), (lastY = y));
  }
  strokeWithHalo(context, theme, colour, 2, dash);
}

function drawDistance(context, { x, y, nearest }, scales, theme) {
  const from = [scales.toX(x), scales.toY(y)];
  const to = [scales.toX(nearest.x), scales.toY(nearest.y)];
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  strokeWithHalo(context, theme, theme.ink, 1.5, [4, 3]);
}

/** The distance in words, beside the end of the path and inside the frame. */
function drawDistanceText(context, size, { x, y, nearest }, { low, high }, scales, theme) {
  const outside = Math.min(x, y) < low || Math.max(x, y) > high;
  const text = `${outside ? "result is off the map, " : ""}distance ${nearest.distance.toFixed(2)}`;
  context.font = theme.boldFont;
  context.textAlign = "left";
  const width = context.measureText(text).width;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const left = clamp(scales.toX(x) + 12, MAP_MARGIN.left + 6, size - MAP_MARGIN.right - width - 6);
  const top = clamp(scales.toY(y) + 18, MAP_MARGIN.top + 16, size - MAP_MARGIN.bottom - 8);
  context.strokeStyle = theme.paperText;
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeText(text, left, top);
  context.fillStyle = theme.ink;
  context.fillText(text, left, top);
}

function drawEnd(context, { x, y }, scales, theme, colour) {
  const [px, py] = [scales.toX(x), scales.toY(y)];
  context.beginPath();
  context.moveTo(px - 6, py - 6);
  context.lineTo(px + 6, py + 6);
  context.moveTo(px + 6, py - 6);
  context.lineTo(px - 6, py + 6);
  strokeWithHalo(context, theme, colour, 3);
}

/** Draws everything. `scene` = { bounds, map, cloud, inversion, live? }; the start marker is an element of its own. */
export function drawMap(canvas, size, scene, theme) {
  const ratio = globalThis.devicePixelRatio || 1;
  if (canvas.width !== Math.round(size * ratio)) canvas.width = canvas.height = Math.round(size * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size, size);
  const scales = mapScales(size, scene.bounds);
  const frame = [scales.toX(scene.bounds.low), scales.toY(scene.bounds.high)];
  const extent = [scales.toX(scene.bounds.high) - frame[0], scales.toY(scene.bounds.low) - frame[1]];
  drawAxes(context, size, scales, theme);
  context.save();
  context.beginPath();
  context.rect(...frame, ...extent);
  context.clip();
  context.imageSmoothingQuality = "high";
  context.drawImage(cellImage(scene.map, theme.paper), ...frame, ...extent);
  drawCloud(context, scene.cloud, scales, theme);
  drawPath(context, scene.inversion.path, scales, theme, theme.ink, []);
  if (scene.live) drawPath(context, scene.live.path, scales, theme, theme.live, [7, 4]);
  drawDistance(context, scene.inversion, scales, theme);
  drawEnd(context, scene.inversion, scales, theme, theme.ink);
  if (scene.live) drawEnd(context, scene.live, scales, theme, theme.live);
  context.restore();
  drawDistanceText(context, size, scene.inversion, scene.bounds, scales, theme);
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(...frame, ...extent);
}
