/* The elements of the smoothing laboratory: controls with labels, panels, readout. No state and no drawing here. */

import { CLASS_STYLES } from "./lab_map.js";
import { formatFactor, formatStart } from "./lab_state.js";

export const PRESET_STARTS = [
  { start: [-3, -10], name: "as in the paper" },
  { start: [0, -10], name: "centre of class 0" },
  { start: [-10, 10], name: "centre of class 1" },
  { start: [0, 0], name: "the middle" },
  { start: [15, -15], name: "far from every class" },
];
export const PREDICTED_FACTOR = 0.05; // the paper's; the table holds one near it
export const GUESSES = { nearer: "nearer", equal: "equally near", farther: "farther" };

const MARKER_PATHS = { circle: "M6 1.5a4.5 4.5 0 1 0 .01 0Z", square: "M2 2h8v8h-8Z", triangle: "M6 1l5 9h-10Z" };
let labsMade = 0;

function options(values, text) {
  return values.map((value) => `<option value="${value}">${text(value)}</option>`).join("");
}

function predictPart() {
  const answers = Object.entries(GUESSES).map(
    ([value, text]) => `<button type="button" value="${value}" data-lab="guess-${value}">${text}</button>`,
  );
  return `
  <fieldset class="lab-predict" data-lab="predict">
    <legend>Predict first</legend>
    <p>As the factor goes from 0 to ${formatFactor(PREDICTED_FACTOR)}, will the attacker's result end nearer to the
      training data, equally near, or farther? Your answer unlocks the slider.</p>
    <div class="lab-guesses">${answers.join("")}</div>
  </fieldset>
  <p class="lab-verdict" data-lab="verdict" aria-live="polite" hidden></p>`;
}

function controlPart(id, { smoothings, seeds }) {
  const starts = PRESET_STARTS.map(
    ({ start, name }, i) => `<option value="${i}">${formatStart(start)} ${name}</option>`,
  );
  return `
  <div class="lab-factor">
    <label for="${id}-factor">Label-smoothing factor</label>
    <input id="${id}-factor" data-lab="factor" type="range" min="0" max="${smoothings.length - 1}" step="1">
    <output for="${id}-factor" data-lab="factor-value"></output>
  </div>
  <div class="lab-options">
    <label>Start <select data-lab="start">${starts.join("")}<option value="custom">custom</option></select></label>
    <label>Target class <select data-lab="target">${options([0, 1, 2], (k) => `class ${k}`)}</select></label>
    <label>Seed <select data-lab="seed">${options(seeds, (seed) => seed)}</select></label>
    <label>Stop confidence
      <input data-lab="stop" type="number" min="0.5" max="0.99" step="0.01"></label>
  </div>`;
}

function legendPart() {
  const classes = CLASS_STYLES.map(
    ({ name, colour, marker }) =>
      `<span><svg width="12" height="12" aria-hidden="true"><path d="${MARKER_PATHS[marker]}" fill="rgb(${colour})"/>` +
      `</svg> ${name}</span>`,
  );
  return `<div class="lab-legend">${classes.join("")}
    <span><i class="lab-key lab-key-start"></i> start (drag it)</span>
    <span><b aria-hidden="true">\u00d7</b> attacker's result</span></div>`;
}

function panelPart() {
  return `
  <div class="lab-panels">
    <figure class="lab-panel lab-panel-map">
      <figcaption>Decision map and attack</figcaption>
      <div class="lab-map-box">
        <canvas data-lab="map" role="img"></canvas>
        <button type="button" class="lab-handle" data-lab="handle"></button>
      </div>
      ${legendPart()}
    </figure>
    <div class="lab-charts">
      <figure class="lab-panel">
        <figcaption>Distance to the nearest training point <span class="lab-note" data-lab="curve-note"></span></figcaption>
        <svg data-lab="curve" role="img"></svg>
        <div class="lab-legend"><span><i class="lab-key lab-key-median"></i> median of seeds</span>
          <span><i class="lab-key lab-key-band"></i> 10\u201390 % of seeds</span>
          <span><i class="lab-key lab-key-own"></i> this seed</span></div>
      </figure>
      <div class="lab-pair">
        <figure class="lab-panel"><figcaption>Gradient norm along the path</figcaption>
          <svg data-lab="norm" role="img"></svg></figure>
        <figure class="lab-panel"><figcaption>Confidence along the path</figcaption>
          <svg data-lab="confidence-path" role="img"></svg></figure>
      </div>
    </div>
  </div>`;
}

function readoutPart() {
  const number = (name, text) => `<div><dt>${text}</dt><dd data-lab="${name}"></dd></div>`;
  return `
  <dl class="lab-readout" data-lab="readout">
    ${number("distance", "distance to nearest training point")}${number("steps", "steps of the attack")}
    ${number("confidence", "confidence at the end")}${number("outcome", "the attack")}
  </dl>
  <p class="lab-hidden" data-lab="spoken" aria-live="polite" aria-atomic="true"></p>
  <p class="lab-error" data-lab="error" role="alert" hidden></p>`;
}

function footPart(id, hasKernel) {
  const why = hasKernel ? "" : ' disabled title="Training needs the notebook: this page has no kernel."';
  return `
  <div class="lab-state">
    <label for="${id}-state">State line</label>
    <input id="${id}-state" data-lab="state" type="text" spellcheck="false" autocomplete="off">
    <button type="button" data-lab="copy">Copy</button>
    <span class="lab-note" data-lab="copy-note" role="status"></span>
  </div>
  <p class="lab-error" data-lab="state-error" role="alert" hidden></p>
  <div class="lab-train">
    <button type="button" data-lab="train"${why}>Train live</button>
    <progress data-lab="train-progress" max="1" value="0" aria-label="Training progress" hidden></progress>
    <span data-lab="train-note" role="status"></span>
    <span class="lab-error" data-lab="train-error" role="alert" hidden></span>
    <label data-lab="live-map-label" hidden><input type="checkbox" data-lab="live-map"> show its map</label>
  </div>`;
}

/** Fills `el` and returns its elements by their data-lab names, e.g. `ui.factor`; `ui.root` is the outermost one. */
export function buildControls(el, table, hasKernel) {
  const id = `mia-lab-${(labsMade += 1)}`;
  const root = document.createElement("section");
  root.className = "mia-lab";
  root.setAttribute("aria-label", "Smoothing laboratory");
  root.innerHTML = [
    predictPart(),
    controlPart(id, table),
    readoutPart(),
    panelPart(),
    footPart(id, hasKernel),
  ].join("");
  el.replaceChildren(root);
  // JupyterLab would take the arrow keys for its cells; it looks for this mark on the focused element itself
  for (const control of root.querySelectorAll("input, select, button")) control.dataset.lmSuppressShortcuts = "true";
  const ui = { root };
  for (const element of root.querySelectorAll("[data-lab]")) ui[element.dataset.lab] = element;
  return ui;
}

/** Shows one sentence in an element that is hidden while empty. */
export function showSentence(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}
