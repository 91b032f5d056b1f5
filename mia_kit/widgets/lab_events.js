/* What the learner does to the controls, as changes of the state. */

import { PRESET_STARTS, showSentence } from "./lab_controls.js";
import { mapScales } from "./lab_map.js";
import { START_LIMIT } from "./lab_state.js";
import { BOUNDS } from "./lab_view.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** A coordinate of the start point: within the map, in tenths. */
export function snap(value) {
  return Math.min(START_LIMIT, Math.max(-START_LIMIT, Math.round(value * 10) / 10 + 0));
}

/** The start marker: dragged with the pointer, moved with the arrow keys. */
export function connectHandle(ui, getState, change) {
  function drag(event) {
    if (!ui.handle.hasPointerCapture(event.pointerId)) return;
    const box = ui.map.getBoundingClientRect();
    const { fromX, fromY } = mapScales(box.width, BOUNDS);
    change({ start: [snap(fromX(event.clientX - box.left)), snap(fromY(event.clientY - box.top))] });
  }

  function nudge(event) {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.5;
    change({ start: getState().start.map((value, axis) => snap(value + step * direction[axis])) });
  }

  ui.handle.addEventListener("pointerdown", (event) => ui.handle.setPointerCapture(event.pointerId));
  ui.handle.addEventListener("pointermove", drag);
  ui.handle.addEventListener("keydown", nudge);
}

/** Slider, selects and the stop confidence. */
export function connectSettings(ui, table, change) {
  function changeStop() {
    const stop = Math.round(1000 * Number(ui.stop.value)) / 1000;
    const fits = stop > 0 && stop < 1;
    showSentence(ui["state-error"], fits ? "" : `stop must lie between 0 and 1, got "${ui.stop.value}" instead.`);
    if (fits) change({ stop });
  }

  ui.factor.addEventListener("input", () => change({ factor: table.smoothings[Number(ui.factor.value)] }));
  ui.start.addEventListener("change", () => {
    const preset = PRESET_STARTS[ui.start.value];
    if (preset) change({ start: [...preset.start] });
  });
  ui.target.addEventListener("change", () => change({ target: Number(ui.target.value) }));
  ui.seed.addEventListener("change", () => change({ seed: Number(ui.seed.value) }));
  ui.stop.addEventListener("change", changeStop);
}

async function copyLine(ui) {
  ui.state.select();
  try {
    await navigator.clipboard.writeText(ui.state.value);
    ui["copy-note"].textContent = "copied";
  } catch {
    const copied = document.execCommand("copy"); // a page opened from a file has no clipboard of its own
    ui["copy-note"].textContent = copied ? "copied" : "press Ctrl+C to copy";
  }
}

/** The state line: Enter applies it (`apply(line)` is true when it was good), a button copies it. */
export function connectStateLine(ui, apply, currentLine) {
  ui.state.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (apply(ui.state.value)) ui.state.value = currentLine();
  });
  ui.copy.addEventListener("click", () => copyLine(ui));
}

/** Calls `repaint` when the size or the theme changes; returns what undoes it. */
export function watchSurroundings(root, repaint) {
  const resize = new ResizeObserver(repaint);
  resize.observe(root);
  const theme = new MutationObserver(repaint);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  darkness.addEventListener("change", repaint);
  return () => {
    resize.disconnect();
    theme.disconnect();
    darkness.removeEventListener("change", repaint);
  };
}
