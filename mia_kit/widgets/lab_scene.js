/* From a state to everything that is drawn for it: attack, decision map, leakage curve. Keeps what it has computed. */

import { createCurveComputer } from "./lab_curve.js";
import { invert, summariseCurve } from "./lab_model.js";
import { decisionMap, toFloats, unpackModel } from "./lab_network.js";
import { formatState } from "./lab_state.js";
import { BOUNDS } from "./lab_view.js";

const MAP_CELLS = 80;
const PAPER_SETTING = JSON.stringify([[-3, -10], 2, 0.95]); // the attack whose curve comes with the table

/** The table of trained models and the training points, from the widget's traits. */
export function readTable(model) {
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

/** The factor of the table nearest to the one that is wanted. */
export function nearestFactor({ smoothings }, wanted) {
  return smoothings.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
}

/** Where a model stands in the table. */
export function modelIndex({ smoothings, seeds }, { factor, seed }) {
  return smoothings.indexOf(factor) * seeds.length + seeds.indexOf(seed);
}

export function mapOfModel(network) {
  return decisionMap(network, BOUNDS, MAP_CELLS);
}

/** The leakage curve for one setting at a time; `stored` = distances for the paper's setting, or null. */
function createCurves(table, stored, onChange) {
  let key = "";
  let curve = null;
  let summary = null;

  function take(next) {
    curve = next;
    summary = null;
    if (next.done === next.total) summary = summariseCurve(next.distances, table.smoothings.length, table.seeds.length);
  }

  const computer = createCurveComputer(table, (next) => {
    take(next);
    onChange();
  });

  /** A new start, target or stop confidence needs a new curve; a new factor or seed does not. */
  function curveFor(state) {
    const wanted = JSON.stringify([state.start, state.target, state.stop]);
    if (wanted !== key) {
      key = wanted;
      computer.stop();
      if (wanted === PAPER_SETTING && stored) take({ distances: stored, done: stored.length, total: stored.length });
      else take(computer.start({ ...state }, table.seeds.indexOf(state.seed), 60));
    }
    return { curve, summary };
  }

  return { curveFor, stop: computer.stop };
}

/** Computes scenes; `onChange()` is called when a slice of the curve has been computed in the background. */
export function createSceneMaker(table, stored, onChange) {
  const curves = createCurves(table, stored, onChange);
  const maps = new Map();
  let attacked = { line: "", inversion: null };

  function attack(state) {
    const line = formatState(state);
    if (attacked.line !== line) {
      const network = unpackModel(table.weights, modelIndex(table, state));
      attacked = { line, inversion: invert(network, state, table.cloud) };
    }
    return attacked.inversion;
  }

  function mapFor(state) {
    const index = modelIndex(table, state);
    if (!maps.has(index)) maps.set(index, mapOfModel(unpackModel(table.weights, index)));
    return maps.get(index);
  }

  /** `trained` is the model trained live, if any; it is on the map only at its own factor. */
  function make(state, trained, showItsMap) {
    const live = trained && { ...trained, ...invert(trained.network, state, table.cloud) };
    const liveOnMap = live?.factor === state.factor ? live : null;
    const map = liveOnMap && showItsMap ? trained.map : mapFor(state);
    return { state, inversion: attack(state), map, live, liveOnMap, ...curves.curveFor(state) };
  }

  return { make, stop: curves.stop };
}
