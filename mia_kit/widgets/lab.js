/* The smoothing laboratory of chapter 1: state and repaint. Everything is computed and drawn on the client.
 *
 * A drag changes the state and asks for one repaint; the next animation frame draws the latest state, so that fast
 * drags never queue. The kernel hears of the new state a moment after the hand rests; no drag waits for it.
 */

import { PRESET_STARTS, buildControls, showSentence } from "./lab_controls.js";
import { connectHandle, connectSettings, connectStateLine, watchSurroundings } from "./lab_events.js";
import { toFloats } from "./lab_network.js";
import { createPrediction } from "./lab_predict.js";
import { createSceneMaker, mapOfModel, readTable } from "./lab_scene.js";
import { formatFactor, formatState, parseState } from "./lab_state.js";
import { connectTraining } from "./lab_train.js";
import { describe, drawScene, readTheme } from "./lab_view.js";

const REST_MS = 150; // how long the hand must rest before the kernel and the screen reader are told

/** What later cells of the notebook can read. */
export function resultOf({ state, inversion }) {
  return {
    smoothing: state.factor,
    seed: state.seed,
    start: state.start,
    target_class: state.target,
    stop_confidence: state.stop,
    steps: inversion.steps,
    distance: inversion.nearest.distance,
    confidence: inversion.confidence,
    stopped: inversion.stopped,
  };
}

/** Sets the controls to the state; what is being typed is left alone. */
function showControls(ui, table, state) {
  ui.factor.value = table.smoothings.indexOf(state.factor);
  ui.factor.setAttribute("aria-valuetext", formatFactor(state.factor));
  const preset = PRESET_STARTS.findIndex(({ start }) => String(start) === String(state.start));
  ui.start.value = preset < 0 ? "custom" : preset;
  ui.target.value = state.target;
  ui.seed.value = state.seed;
  if (document.activeElement !== ui.stop) ui.stop.value = state.stop;
  if (document.activeElement !== ui.state) ui.state.value = formatState(state);
}

/** The model trained live, in words beside its button. */
function showLive(ui, live) {
  ui["live-map-label"].hidden = !live;
  if (!live || ui.train.disabled) return;
  ui["train-note"].textContent =
    `trained live, factor ${formatFactor(live.factor)}, seed ${live.seed}: ${live.steps} steps, ` +
    `distance ${live.nearest.distance.toFixed(2)}`;
}

/** Tells the kernel and the screen reader about a scene once no newer one has come for a while. */
function createTeller(model, ui) {
  let timer = 0;
  let told = "";

  function tell(scene) {
    const line = formatState(scene.state);
    if (line === told) return;
    told = line;
    clearTimeout(timer);
    timer = setTimeout(() => {
      ui.spoken.textContent = describe(scene.state, scene.inversion);
      model.set("state", line);
      model.set("result", resultOf(scene));
      model.save_changes();
    }, REST_MS);
  }

  return { tell, stop: () => clearTimeout(timer) };
}

/** One repaint per animation frame, whatever happens in it: an error is shown, and the next repaint is tried again. */
function createPainter(ui, paint) {
  let frame = 0;

  function repaint() {
    cancelAnimationFrame(frame);
    frame = 0;
    try {
      paint();
      showSentence(ui.error, "");
    } catch (problem) {
      showSentence(ui.error, `The laboratory could not be drawn (${problem.message}); move a control to try again.`);
    }
  }

  function schedule() {
    frame ||= requestAnimationFrame(repaint);
  }

  return { repaint, schedule, stop: () => cancelAnimationFrame(frame) };
}

/** Draws a lab into `el`. `model` is anywidget's, or the stand-in of the page without a kernel. */
export function render({ model, el }) {
  const table = readTable(model);
  const ui = buildControls(el, table, model.get("has_kernel"));
  const stored = model.get("curve");
  let state = parseState(model.get("state"), table);
  let trained = null;

  const painter = createPainter(ui, paint);
  const teller = createTeller(model, ui);
  const scenes = createSceneMaker(table, stored?.byteLength ? toFloats(stored) : null, painter.schedule);
  const prediction = createPrediction(model, ui, table, painter.repaint);

  function paint() {
    showControls(ui, table, state);
    const scene = scenes.make(state, trained, ui["live-map"].checked);
    drawScene(ui, table, scene, readTheme(ui.root));
    showLive(ui, scene.live);
    prediction.show(scene);
    teller.tell(scene);
  }

  function change(part) {
    state = { ...state, ...part };
    painter.schedule();
  }

  function applyLine(line) {
    try {
      change(parseState(line, table));
      showSentence(ui["state-error"], "");
      return true;
    } catch (problem) {
      showSentence(ui["state-error"], problem.message);
      return false;
    }
  }

  function onTrained({ factor, seed, network }) {
    trained = { factor, seed, network, map: mapOfModel(network) };
    painter.schedule();
  }

  const onLine = () => model.get("state") !== formatState(state) && applyLine(model.get("state"));
  model.on("change:state", onLine);
  connectHandle(ui, () => state, change);
  connectSettings(ui, table, change);
  connectStateLine(ui, applyLine, () => formatState(state));
  ui["live-map"].addEventListener("change", painter.schedule);
  const disconnect = connectTraining(model, ui, () => state.factor, onTrained);
  const unwatch = watchSurroundings(ui.root, painter.schedule);
  painter.repaint();

  return () => {
    for (const undo of [painter.stop, teller.stop, scenes.stop, disconnect, unwatch]) undo();
    model.off("change:state", onLine);
  };
}
