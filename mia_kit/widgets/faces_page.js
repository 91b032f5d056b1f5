/* The laboratory of faces and the line-up on a page without a kernel: a stand-in for anywidget's model. */

import { render } from "./faces_lab.js";
import { renderLineUp } from "./faces_line_up.js";

for (const el of document.querySelectorAll(".mia-faces-place")) {
  const values = JSON.parse(document.getElementById(el.dataset.values).textContent);
  const table = document.getElementById("mia-faces-table").textContent;
  const nothing = () => {};
  const model = {
    get: (name) => (name === "table" ? table : values[name]),
    set: (name, value) => (values[name] = value),
    save_changes: nothing,
    on: nothing,
    off: nothing,
    send: nothing,
  };
  (values.line_up ? renderLineUp : render)({ model, el });
}
