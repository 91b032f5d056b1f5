/* Predict first: the slider is locked until the learner has placed a guess; later the measured curve stands beside it. */

import { GUESSES, PREDICTED_FACTOR, showSentence } from "./lab_controls.js";
import { nearestFactor } from "./lab_scene.js";
import { formatFactor } from "./lab_state.js";

const SAME_WITHIN = 0.1; // a change of the median by less than this share counts as equally near

/** "nearer", "equal" or "farther": how the second distance stands to the first. */
export function compareDistances(first, second) {
  const change = second / first - 1;
  if (Math.abs(change) <= SAME_WITHIN) return "equal";
  return change < 0 ? "nearer" : "farther";
}

/** What was measured, beside what was guessed. `medians` are the median distances at factor 0 and the predicted one. */
export function verdictText(guess, [zero, predicted], seeds) {
  return (
    `Your guess: ${GUESSES[guess]}. Measured: ${GUESSES[compareDistances(zero, predicted)]}. The median distance over ` +
    `${seeds} seeds is ${zero.toFixed(2)} at factor 0 and ${predicted.toFixed(2)} at ` +
    `${formatFactor(PREDICTED_FACTOR)} (within ${100 * SAME_WITHIN} % counts as equally near).`
  );
}

/** Wires the question; `onGuess()` is called once, when the guess is placed. */
export function createPrediction(model, ui, table, onGuess) {
  const ends = [0, PREDICTED_FACTOR].map((wanted) => nearestFactor(table, wanted));
  const visited = new Set();
  const asks = () => !model.get("guess");

  function place(event) {
    if (!event.target.value) return;
    model.set("guess", event.target.value);
    model.save_changes();
    ui.factor.disabled = false;
    ui.factor.focus(); // before the question disappears: JupyterLab takes the focus that a hidden button loses
    onGuess();
  }

  function verdict(summary) {
    const guess = model.get("guess");
    if (!guess) return "";
    if (summary && ends.every((end) => visited.has(end))) {
      const medians = ends.map((end) => summary.median[table.smoothings.indexOf(end)]);
      return verdictText(guess, medians, table.seeds.length);
    }
    return `Your guess: ${GUESSES[guess]}. Now visit the factors 0 and ${formatFactor(PREDICTED_FACTOR)}.`;
  }

  function show({ state, summary }) {
    ui.predict.hidden = !asks();
    ui.root.classList.toggle("lab-locked", asks());
    ui.factor.disabled = asks();
    if (!asks()) visited.add(state.factor);
    showSentence(ui.verdict, verdict(summary));
  }

  ui.predict.addEventListener("click", place);
  return { show };
}
