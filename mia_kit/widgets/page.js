/* The page without a kernel: stands in for anywidget's model, with the table read from the page itself. */

import { render } from "./lab.js";

function decode(base64) {
  return new DataView(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
}

/** anywidget's model as far as the lab uses it: get, set, on. Nothing leaves the page. */
export function createPageModel({ bytes, plain }) {
  const values = { ...plain };
  for (const [name, base64] of Object.entries(bytes)) values[name] = decode(base64);
  return {
    get: (name) => values[name],
    set: (name, value) => (values[name] = value),
    save_changes: () => {},
    on: () => {},
    off: () => {},
    send: () => {},
  };
}

const payload = JSON.parse(document.getElementById("lab-table").textContent);
render({ model: createPageModel(payload), el: document.getElementById("lab") });
