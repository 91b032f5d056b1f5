/* The smoothing laboratory of chapter 1: state, events, repaint. Everything is computed and drawn on the client.
 *
 * A drag changes the state and asks for one repaint; the next animation frame draws the latest state, so that fast
 * drags never queue. The kernel hears of the new state a moment after the hand rests; no drag waits for it.
 */

import { GUESSES, PREDICTED_FACTOR, PRESET_STARTS, buildControls, showSentence } from "./lab_controls.js";
import { createCurveComputer } from "./lab_curve.js";
import { mapScales } from "./lab_map.js";
import { invert, summariseCurve } from "./lab_model.js";
import { decisionMap, unpackModel } from "./lab_network.js";
import { START_LIMIT, formatFactor, formatState, parseState } from "./lab_state.js";
import { connectTraining, toFloats } from "./lab_train.js";
import { BOUNDS, describe, drawScene, readTheme } from "./lab_view.js";

const MAP_CELLS = 80;
const REST_MS = 150; // how long the hand must rest before the kernel and the screen reader are told
const PAPER_SETTING = JSON.stringify([[-3, -10], 2, 0.95]);

function readTable(model) {
  const labels = model.get("labels");
  return {
    weights: toFloats(model.get("weights")),
    smoothings: model.get("smoothings"),
    seeds: model.get("seeds"),
    cloud: {
      points: toFloats(model.get("points")),
      labels: new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength),
    },
  };
}

function readStoredCurve(model) {
  const stored = model.get("curve");
  if (!stored?.byteLength) return null;
  const distances = toFloats(stored);
  return { distances, done: distances.length, total: distances.length };
}

/** Draws a lab into `el`. `model` is anywidget's, or the stand-in of the page without a kernel. */
export function render({ model, el }) {
  const table = readTable(model);
  const ui = buildControls(el, table, model.get("has_kernel"));
  const storedCurve = readStoredCurve(model);
  const maps = new Map();
  const visited = { zero: false, positive: false };
  let state = parseState(model.get("state"), table);
  let locked = model.get("predict_first") && !model.get("guess");
  let painted = { key: "", inversion: null };
  let curveKey = "";
  let curve = null;
  let summary = null;
  let live = null;
  let frame = 0;
  let restTimer = 0;

  const modelIndex = ({ factor, seed }) => table.smoothings.indexOf(factor) * table.seeds.length + table.seeds.indexOf(seed);
  const nearestFactor = (wanted) => table.smoothings.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));

  const computer = createCurveComputer(table, (next) => {
    curve = next;
    summary = next.done === next.total ? summariseCurve(next.distances, table.smoothings.length, table.seeds.length) : null;
    schedule();
  });

  function change(part) {
    state = { ...state, ...part };
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(repaint);
  }

  function repaint() {
    frame = 0;
    try {
      paint();
      showSentence(ui.error, "");
    } catch (problem) {
      painted = { key: "", inversion: null };
      showSentence(ui.error, `The laboratory could not be drawn (${problem.message}); move a control to try again.`);
    }
  }

  function paint() {
    const line = formatState(state);
    if (painted.key !== line) {
      const network = unpackModel(table.weights, modelIndex(state));
      painted = { key: line, inversion: invert(network, state, table.cloud) };
      tellWhenResting();
    }
    refreshCurve();
    showControls(line);
    const attackedLive = live && { ...live, ...invert(live.model, state, table.cloud) };
    const liveOnMap = attackedLive?.factor === state.factor ? attackedLive : null;
    const map = liveOnMap && ui["live-map"].checked ? live.map : tableMap();
    const scene = { state, inversion: painted.inversion, map, curve, summary, live: attackedLive, liveOnMap };
    drawScene(ui, table, scene, readTheme(ui.root));
    showLive(attackedLive);
    showVerdict();
  }

  function tableMap() {
    const index = modelIndex(state);
    if (!maps.has(index)) maps.set(index, decisionMap(unpackModel(table.weights, index), BOUNDS, MAP_CELLS));
    return maps.get(index);
  }

  /** A new start, target or stop confidence needs a new curve; a new factor or seed does not. */
  function refreshCurve() {
    const key = JSON.stringify([state.start, state.target, state.stop]);
    if (key === curveKey) return;
    curveKey = key;
    summary = null;
    if (key === PAPER_SETTING && storedCurve) {
      computer.stop();
      curve = storedCurve;
      summary = summariseCurve(curve.distances, table.smoothings.length, table.seeds.length);
    } else {
      curve = computer.start({ ...state }, table.seeds.indexOf(state.seed), 60);
    }
  }

  function showControls(line) {
    ui.root.classList.toggle("lab-locked", locked);
    ui.factor.disabled = locked;
    ui.factor.value = table.smoothings.indexOf(state.factor);
    ui.factor.setAttribute("aria-valuetext", formatFactor(state.factor));
    const preset = PRESET_STARTS.findIndex(({ start }) => String(start) === String(state.start));
    ui.start.value = preset < 0 ? "custom" : preset;
    ui.target.value = state.target;
    ui.seed.value = state.seed;
    if (document.activeElement !== ui.stop) ui.stop.value = state.stop;
    if (document.activeElement !== ui.state) ui.state.value = line;
  }

  function showLive(attacked) {
    ui["live-map-label"].hidden = !attacked;
    if (!attacked || ui.train.disabled) return;
    ui["train-note"].textContent =
      `trained live, factor ${formatFactor(attacked.factor)}, seed ${attacked.seed}: ${attacked.steps} steps, ` +
      `distance ${attacked.nearest.distance.toFixed(2)}`;
  }

  /** Once both ends were seen, the measured curve stands beside the guess. */
  function showVerdict() {
    const guess = model.get("guess");
    ui.predict.hidden = !model.get("predict_first") || Boolean(guess);
    visited.zero ||= !locked && state.factor === nearestFactor(0);
    visited.positive ||= !locked && state.factor === nearestFactor(PREDICTED_FACTOR);
    if (!model.get("predict_first") || !guess) return showSentence(ui.verdict, "");
    if (!visited.zero || !visited.positive || !summary) {
      return showSentence(ui.verdict, `Your guess: ${GUESSES[guess]}. Now visit the factors 0 and ${formatFactor(PREDICTED_FACTOR)}.`);
    }
    const [zero, positive] = [0, PREDICTED_FACTOR].map((end) => summary.median[table.smoothings.indexOf(nearestFactor(end))]);
    const change = positive / zero;
    const measured = change < 0.9 ? "nearer" : change > 1.1 ? "farther" : "equal";
    showSentence(
      ui.verdict,
      `Your guess: ${GUESSES[guess]}. Measured: ${GUESSES[measured]}. The median distance over ${table.seeds.length} ` +
        `seeds is ${zero.toFixed(2)} at factor 0 and ${positive.toFixed(2)} at ${formatFactor(PREDICTED_FACTOR)} ` +
        "(within 10 % counts as equally near).",
    );
  }

  function tellWhenResting() {
    clearTimeout(restTimer);
    restTimer = setTimeout(() => {
      const { inversion } = painted;
      if (!inversion) return;
      ui.spoken.textContent = describe(state, inversion);
      model.set("state", formatState(state));
      model.set("result", {
        smoothing: state.factor,
        seed: state.seed,
        start: state.start,
        target_class: state.target,
        stop_confidence: state.stop,
        steps: inversion.steps,
        distance: inversion.nearest.distance,
        confidence: inversion.confidence,
        stopped: inversion.stopped,
      });
      model.save_changes();
    }, REST_MS);
  }

  function applyLine(line) {
    try {
      state = parseState(line, table);
      showSentence(ui["state-error"], "");
      schedule();
      return true;
    } catch (problem) {
      showSentence(ui["state-error"], problem.message);
      return false;
    }
  }

  const snap = (value) => Math.min(START_LIMIT, Math.max(-START_LIMIT, Math.round(value * 10) / 10 + 0));

  function dragStart(event) {
    if (!ui.handle.hasPointerCapture(event.pointerId)) return;
    const box = ui.map.getBoundingClientRect();
    const { fromX, fromY } = mapScales(box.width, BOUNDS);
    change({ start: [snap(fromX(event.clientX - box.left)), snap(fromY(event.clientY - box.top))] });
  }

  function nudgeStart(event) {
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const direction = directions[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.5;
    change({ start: state.start.map((value, axis) => snap(value + step * direction[axis])) });
  }

  function placeGuess(event) {
    if (!event.target.value) return;
    model.set("guess", event.target.value);
    model.save_changes();
    locked = false;
    repaintNow();
    ui.factor.focus();
  }

  function repaintNow() {
    cancelAnimationFrame(frame);
    repaint();
  }

  async function copyLine() {
    ui.state.select();
    try {
      await navigator.clipboard.writeText(ui.state.value);
      ui["copy-note"].textContent = "copied";
    } catch {
      const copied = document.execCommand("copy"); // a page opened from a file has no clipboard of its own
      ui["copy-note"].textContent = copied ? "copied" : "press Ctrl+C to copy";
    }
  }

  function changeStop() {
    const stop = Number(ui.stop.value);
    if (stop > 0 && stop < 1) change({ stop: Math.round(stop * 1000) / 1000 });
    else showSentence(ui["state-error"], `stop must lie between 0 and 1, got "${ui.stop.value}" instead.`);
  }

  function onStateKey(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (applyLine(ui.state.value)) ui.state.value = formatState(state);
  }

  ui.factor.addEventListener("input", () => change({ factor: table.smoothings[Number(ui.factor.value)] }));
  ui.start.addEventListener("change", () => {
    if (PRESET_STARTS[ui.start.value]) change({ start: [...PRESET_STARTS[ui.start.value].start] });
  });
  ui.target.addEventListener("change", () => change({ target: Number(ui.target.value) }));
  ui.seed.addEventListener("change", () => change({ seed: Number(ui.seed.value) }));
  ui.stop.addEventListener("change", changeStop);
  ui.state.addEventListener("keydown", onStateKey);
  ui.copy.addEventListener("click", copyLine);
  ui.predict.addEventListener("click", placeGuess);
  ui["live-map"].addEventListener("change", schedule);
  ui.handle.addEventListener("pointerdown", (event) => ui.handle.setPointerCapture(event.pointerId));
  ui.handle.addEventListener("pointermove", dragStart);
  ui.handle.addEventListener("keydown", nudgeStart);

  const onLine = () => model.get("state") !== formatState(state) && applyLine(model.get("state"));
  model.on("change:state", onLine);
  const disconnect = connectTraining(
    model,
    ui,
    () => state.factor,
    (trained) => {
      live = { ...trained, map: decisionMap(trained.model, BOUNDS, MAP_CELLS) };
      schedule();
    },
  );

  const resize = new ResizeObserver(schedule);
  resize.observe(ui.root);
  const theme = new MutationObserver(schedule);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  darkness.addEventListener("change", schedule);
  repaintNow();

  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(restTimer);
    computer.stop();
    resize.disconnect();
    theme.disconnect();
    darkness.removeEventListener("change", schedule);
    model.off("change:state", onLine);
    disconnect();
  };
}
