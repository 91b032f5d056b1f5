/* The chapters as web pages: draws each figure when it comes into view, and gives every record of a widget its controls. */

"use strict";
(() => {
  const base = document.currentScript.src.replace(/site\.js[^/]*$/, "");
  let loading;
  let made = 0;

  function plotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${base}plotly.min.js`;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("plotly.min.js is missing"));
      document.head.append(script);
    });
    return loading;
  }

  function part(kind, values = {}, ...inside) {
    const made = Object.assign(document.createElement(kind), values);
    made.append(...inside);
    return made;
  }

  const payload = (box) => JSON.parse(box.querySelector(":scope > script[type='application/json']").textContent);

  /** A slider over `options`; `turned(place)` is told of every change. */
  function control({ label, options, start }, turned) {
    const id = `mia-control-${made++}`;
    const name = part("label", { htmlFor: id, textContent: label });
    const line = part("div", { className: "mia-control" }, name);
    const slider = part("input", { id, type: "range", min: 0, max: options.length - 1, step: 1, value: start });
    const said = part("output", { htmlFor: id });
    const show = () => {
      said.textContent = options[slider.value];
      slider.setAttribute("aria-valuetext", options[slider.value]);
    };
    slider.addEventListener("input", () => {
      show();
      turned(Number(slider.value));
    });
    show();
    line.append(slider, said);
    return line;
  }

  /** Plotly's figure in a new element at the head of `box`, without Plotly's own sliders, which keys cannot move. */
  async function draw(box, { data, layout, frames }) {
    const Plotly = await plotly();
    const own = { ...layout, sliders: [], updatemenus: [], autosize: true };
    delete own.width;
    const place = part("div", { className: "mia-plot" });
    box.prepend(place);
    place.addEventListener("wheel", (event) => event.stopPropagation(), { capture: true }); // a surface would take it
    await Plotly.newPlot(place, { data, layout: own, frames: frames ?? [], config: { responsive: true, displaylogo: false } });
    reach([box]);
    return place;
  }

  async function figure(box) {
    const kept = payload(box);
    const place = await draw(box, kept);
    box.querySelector(":scope > img")?.remove();
    for (const { steps, active, currentvalue } of kept.layout.sliders ?? []) {
      const options = steps.map((step) => step.label ?? String(step.value));
      const label = (currentvalue?.prefix ?? "").trim().replace(/:$/, "") || "frame";
      const turned = (number) => window.Plotly.animate(place, ...steps[number].args);
      place.before(control({ label, options, start: active ?? 0 }, turned));
    }
  }

  /** A question whose answer unlocks the controls that follow it in `box`; `answered(words)` is told of it. */
  function question({ question, answers }, box, answered) {
    const asked = part("p", {}, part("b", { textContent: question }), " Your guess unlocks the sliders.");
    const buttons = answers.map((words) => part("button", { type: "button", textContent: words }));
    const line = part("div", { className: "mia-answers" }, ...buttons);
    buttons.forEach((button, number) => {
      button.addEventListener("click", () => {
        asked.replaceChildren(question, " ", part("b", { textContent: `Your guess: ${answers[number]}.` }));
        const locked = box.querySelectorAll(".mia-control input");
        for (const control of locked) control.disabled = false;
        locked[0]?.focus();
        line.remove();
        answered(answers[number]);
      });
    });
    box.append(asked, line);
  }

  async function panel(box) {
    const kept = payload(box);
    const places = kept.controls.map((one) => one.start);
    let guess = "";
    const note = () => {
      if (!place || !guess) return;
      const at = { xref: "paper", yref: "paper", x: 1, y: 1.02, xanchor: "right", yanchor: "bottom" };
      const words = { text: `your guess: ${guess}`, showarrow: false, ...at };
      window.Plotly.relayout(place, { annotations: [...(place.layout.annotations ?? []), words] });
    };
    if (kept.guess) {
      question(kept.guess, box, (words) => {
        guess = words;
        note();
      });
    }
    const words = part("div", { className: "mia-words" });
    let place = null;
    const show = () => {
      const view = kept.views[places.join(",")];
      words.innerHTML = view.html;
      const moved = Object.keys(view.traces).map(Number);
      if (place && moved.length) {
        for (const name of ["x", "y", "source"]) {
          const own = moved.filter((number) => name in view.traces[number]);
          const values = own.map((number) => view.traces[number][name]);
          if (own.length) window.Plotly.restyle(place, { [name]: values }, own);
        }
      }
    };
    kept.controls.forEach((one, number) => {
      box.append(
        control(one, (turned) => {
          places[number] = turned;
          show();
        }),
      );
    });
    if (kept.guess) for (const one of box.querySelectorAll(".mia-control input")) one.disabled = true;
    box.append(words);
    show();
    if (kept.figure) {
      const frame = part("div", { className: "mia-figure" });
      words.before(frame);
      place = await draw(frame, kept.figure);
      show();
      note();
    }
  }

  /** A failure is told where the figure should be. */
  function attempt(work, box) {
    work(box).catch((problem) => {
      box.append(part("p", { className: "mia-problem", textContent: `This figure cannot be drawn: ${problem.message}` }));
    });
  }

  /** What is wider than the page can be scrolled with keys. */
  function reach(boxes) {
    for (const box of boxes) if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }

  function start() {
    reach(document.querySelectorAll("pre, .table-wrapper, .math-wrapper"));
    const seen = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          seen.unobserve(target);
          attempt(target.classList.contains("mia-panel") ? panel : figure, target);
        }
      },
      { rootMargin: "600px" },
    );
    for (const box of document.querySelectorAll(".mia-figure, .mia-panel")) seen.observe(box);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
