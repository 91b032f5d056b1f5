/* "Train live": asks Python to train one more model, shows its progress, hands the model on when it is there.
 *
 * Messages to Python: { type: "train", smoothing }. Back: { type: "progress", done, total }, { type: "trained",
 * smoothing, seed } with the model's 540 float32 numbers as a buffer, or { type: "failed", sentence }.
 */

import { showSentence } from "./lab_controls.js";
import { formatFactor } from "./lab_state.js";
import { toFloats, unpackModel } from "./lab_network.js";

/** Wires the button; `currentFactor()` says what to train, `onTrained({ factor, seed, network })` gets the result. */
export function connectTraining(model, ui, currentFactor, onTrained) {
  function setBusy(busy) {
    ui.train.disabled = busy;
    ui["train-progress"].hidden = !busy;
  }

  function ask() {
    setBusy(true);
    ui["train-progress"].value = 0;
    ui["train-note"].textContent = `training at factor ${formatFactor(currentFactor())}`;
    showSentence(ui["train-error"], "");
    model.send({ type: "train", smoothing: currentFactor() });
  }

  function onMessage(message, buffers = []) {
    if (message.type === "progress") ui["train-progress"].value = message.done / message.total;
    if (message.type === "failed") {
      setBusy(false);
      ui["train-note"].textContent = "";
      showSentence(ui["train-error"], message.sentence);
    }
    if (message.type === "trained") {
      setBusy(false);
      const network = unpackModel(toFloats(buffers[0]), 0);
      onTrained({ factor: message.smoothing, seed: message.seed, network });
    }
  }

  ui.train.addEventListener("click", ask);
  model.on("msg:custom", onMessage);
  return () => model.off("msg:custom", onMessage);
}
