/* The laboratory of faces: drag the smoothing factor, the steps and the attacker's loss, and twelve faces change.
 *
 * Everything is read from a sheet of faces and a table of numbers; a drag asks for one repaint and the next animation
 * frame draws the latest state, so that fast drags never queue. "Attack live" lets the kernel walk the same attack now.
 */

const LOSS_NAMES = { cross_entropy: "cross-entropy", poincare: "Poincar\u00e9", logit: "raw logit", margin: "margin" };
const GUESSES = { more: "more people", equal: "about as many", fewer: "fewer people" };
const SAME_WITHIN = 0.05; // of all people: less than this counts as about as many
const WIDE = { width: 460, height: 190, left: 46, right: 24, top: 12, bottom: 36 };
const MARKERS = { cross_entropy: "circle", poincare: "square", logit: "triangle", margin: "diamond" };
let labsMade = 0;

/** A factor with its sign: +0.10, -0.20. */
export function factorText(factor) {
  return `${factor < 0 ? "\u2212" : "+"}${Math.abs(factor).toFixed(2)}`;
}

/** The line that holds the whole state. */
export function stateLine({ factor, loss, steps }) {
  return `factor=${factor < 0 ? "-" : "+"}${Math.abs(factor).toFixed(2)} loss=${loss} steps=${steps}`;
}

/** Reads a line; throws an Error with one sentence when a part is missing or not in the table. */
export function readState(line, table) {
  const values = Object.fromEntries(line.trim().split(/\s+/).map((part) => part.split("=")));
  const known = { factor: table.factors, loss: table.losses, steps: table.steps };
  const state = {};
  for (const [name, options] of Object.entries(known)) {
    state[name] = options.find((option) => (name === "loss" ? option === values[name] : option === Number(values[name])));
    if (state[name] === undefined) throw new Error(`${name} must be one of ${options.join(", ")}, got "${values[name] ?? ""}" instead.`);
  }
  return state;
}

/** The place of a state among the rows of the table. */
export function placeOf({ factor, loss, steps }, { factors, losses, steps: looks }) {
  return (factors.indexOf(factor) * losses.length + losses.indexOf(loss)) * looks.length + looks.indexOf(steps);
}

/** "more", "equal" or "fewer": how the second share stands to the first. */
export function compareShares(first, second) {
  if (Math.abs(second - first) < SAME_WITHIN) return "equal";
  return second > first ? "more" : "fewer";
}

function guessPart() {
  const answers = Object.entries(GUESSES).map(([value, text]) => `<button type="button" value="${value}" data-lab="guess-${value}">${text}</button>`);
  return `<fieldset class="lab-predict" data-lab="predict"><legend>Predict first</legend>
    <p>The attacker minimises cross-entropy. The factor goes from 0 to \u22120.20. Will the evaluator recognise more people in
      what they bring back, about as many, or fewer? Your answer unlocks the sliders.</p>
    <div class="lab-guesses">${answers.join("")}</div></fieldset>
    <p class="lab-verdict" data-lab="verdict" aria-live="polite" hidden></p>`;
}

function controlPart(id, table) {
  const losses = table.losses.map((loss) => `<option value="${loss}">${LOSS_NAMES[loss] ?? loss}</option>`).join("");
  const slider = (name, text, most) => `<div class="lab-factor"><label for="${id}-${name}">${text}</label>
    <input id="${id}-${name}" data-lab="${name}" type="range" min="0" max="${most - 1}" step="1">
    <output for="${id}-${name}" data-lab="${name}-value"></output></div>`;
  return `${slider("factor", "Label-smoothing factor", table.factors.length)}
    ${slider("steps", "Steps of the attack", table.steps.length)}
    <div class="lab-options"><label>The attacker minimises <select data-lab="loss">${losses}</select></label></div>`;
}

function facesPart(table) {
  const faces = table.people.map(
    (person, place) => `<figure class="faces-person"><canvas data-lab="face-${place}" width="${2 * table.tile}" height="${table.tile}" role="img"></canvas>
      <figcaption data-lab="words-${place}"></figcaption></figure>`,
  );
  return `<p class="lab-note">Left of each pair the person, right what the attacker has. Nobody here exists. A check mark: the
    evaluator ranks the person first among ${table.classes}.</p><div class="faces-grid">${faces.join("")}</div>`;
}

function readoutPart(table) {
  const number = (name, text) => `<div><dt>${text}</dt><dd data-lab="${name}"></dd></div>`;
  return `<div class="faces-below"><dl class="lab-readout" data-lab="readout">
    ${number("hits", `of ${table.judged} people: recognised by the evaluator`)}${number("named", "named by the second judge")}
    ${number("distance", "mean distance to the person")}${number("norm", "norm of the gradient")}</dl>
    <figure class="lab-panel"><figcaption>People recognised, by factor <span class="lab-note" data-lab="chart-note"></span></figcaption>
    <svg data-lab="chart" role="img" viewBox="0 0 ${WIDE.width} ${WIDE.height}"></svg></figure></div>
    <p class="lab-hidden" data-lab="spoken" aria-live="polite" aria-atomic="true"></p>
    <p class="lab-error" data-lab="error" role="alert" hidden></p>`;
}

function footPart(id, hasKernel) {
  const why = hasKernel ? "" : ' disabled title="A live attack needs the notebook: nothing computes here."';
  return `<div class="lab-state"><label for="${id}-state">State line</label>
    <input id="${id}-state" data-lab="state" type="text" spellcheck="false" autocomplete="off"></div>
    <p class="lab-error" data-lab="state-error" role="alert" hidden></p>
    <div class="lab-train"><button type="button" data-lab="live"${why}>Attack live</button>
    <progress data-lab="live-progress" max="1" value="0" aria-label="Progress of the attack" hidden></progress>
    <span data-lab="live-note" role="status"></span></div>`;
}

function build(el, table, hasKernel) {
  const id = `mia-faces-${(labsMade += 1)}`;
  const root = document.createElement("section");
  root.className = "mia-lab mia-faces";
  root.setAttribute("aria-label", "Laboratory of faces");
  root.innerHTML = [guessPart(), controlPart(id, table), facesPart(table), readoutPart(table), footPart(id, hasKernel)].join("");
  el.replaceChildren(root);
  // JupyterLab would take the arrow keys for its cells; it looks for this mark on the focused element itself
  for (const control of root.querySelectorAll("input, select, button")) control.dataset.lmSuppressShortcuts = "true";
  const ui = { root };
  for (const element of root.querySelectorAll("[data-lab]")) ui[element.dataset.lab] = element;
  return ui;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

/** A marker of a loss around a point, as the `d` of a path. */
function markerPath(kind, x, y, r) {
  const shapes = {
    circle: `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    square: `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
    triangle: `M${x} ${y - 1.2 * r}l${1.2 * r} ${2 * r}h${-2.4 * r}Z`,
    diamond: `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}Z`,
  };
  return shapes[kind];
}

/** Shares of people against the factor, one line for each loss, the chosen one bold: the inside of an svg. */
export function chartMarkup(table, state) {
  const { width, height, left, right, top, bottom } = WIDE;
  const [low, high] = [table.factors[0], table.factors[table.factors.length - 1]];
  const toX = (factor) => left + ((factor - low) / (high - low)) * (width - left - right);
  const toY = (share) => top + (1 - share) * (height - top - bottom);
  const share = (factor, loss) => table.rows[placeOf({ ...state, factor, loss }, table)].hits;
  const parts = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) => `<line class="lab-grid" x1="${left}" x2="${width - right}" y1="${toY(tick)}" y2="${toY(tick)}"/>
      <text x="${left - 6}" y="${toY(tick) + 4}" text-anchor="end">${100 * tick} %</text>`,
  );
  for (const factor of table.factors) parts.push(`<text x="${toX(factor)}" y="${height - bottom + 16}" text-anchor="middle">${factorText(factor)}</text>`);
  parts.push(`<text x="${(left + width - right) / 2}" y="${height - 4}" text-anchor="middle">smoothing factor</text>`);
  const ordered = [...table.losses.filter((loss) => loss !== state.loss), state.loss];
  for (const loss of ordered) {
    const points = table.factors.map((factor) => [toX(factor), toY(share(factor, loss))]);
    const own = loss === state.loss ? "faces-line" : "faces-line faces-faint";
    parts.push(`<path class="${own}" d="M${points.map((point) => point.join(" ")).join("L")}"/>`);
    for (const [x, y] of points) parts.push(`<path class="${own} faces-mark" d="${markerPath(MARKERS[loss] ?? "circle", x, y, 3.5)}"/>`);
  }
  const here = [toX(state.factor), toY(share(state.factor, state.loss))];
  parts.push(`<circle class="lab-marker" cx="${here[0]}" cy="${here[1]}" r="7"/>`);
  return parts.join("");
}

function verdictText(guess, table, steps) {
  const share = (factor) => table.rows[placeOf({ factor, loss: "cross_entropy", steps }, table)].hits;
  const [hard, negative] = [share(0), share(-0.2)];
  return `Your guess: ${GUESSES[guess]}. Here: ${GUESSES[compareShares(hard, negative)]}. After ${steps} steps the evaluator recognises ` +
    `${Math.round(hard * table.judged)} of ${table.judged} people at factor 0 and ${Math.round(negative * table.judged)} at \u22120.20 (one seed). ` +
    "Now choose another loss.";
}

/** Draws the sheet's tiles once it is decoded; a live attack's frame instead while there is one. */
export async function decodeSheet(sheet) {
  if (typeof sheet === "string") {
    const image = new Image();
    image.src = sheet;
    await image.decode();
    return image;
  }
  return createImageBitmap(new Blob([sheet], { type: "image/webp" }));
}

function paintFaces(ui, table, state, sheet, live) {
  const size = table.tile;
  const row = table.rows[placeOf(state, table)];
  const ranks = live ? live.ranks : row.ranks;
  for (let place = 0; place < table.people.length; place++) {
    const pen = ui[`face-${place}`].getContext("2d");
    if (sheet) {
      const below = live ? 0 : (1 + placeOf(state, table)) * size;
      pen.drawImage(sheet, place * size, 0, size, size, 0, 0, size, size);
      if (live) pen.putImageData(live.faces[place], size, 0);
      else pen.drawImage(sheet, place * size, below, size, size, size, 0, size, size);
    }
    const words = ranks[place] === 1 ? "\u2713 recognised" : `rank ${ranks[place]}`;
    say(ui[`words-${place}`], words);
    ui[`face-${place}`].setAttribute("aria-label", `person ${place + 1} and the reconstruction: ${words}`);
    ui[`face-${place}`].parentElement.classList.toggle("faces-hit", ranks[place] === 1);
  }
}

function paintNumbers(ui, table, state) {
  const row = table.rows[placeOf(state, table)];
  const percent = (share) => `${Math.round(100 * share)} %`;
  ui["factor-value"].textContent = factorText(state.factor);
  ui["steps-value"].textContent = state.steps;
  ui.factor.value = table.factors.indexOf(state.factor);
  ui.steps.value = table.steps.indexOf(state.steps);
  ui.factor.setAttribute("aria-valuetext", factorText(state.factor));
  ui.steps.setAttribute("aria-valuetext", `${state.steps} steps`);
  ui.loss.value = state.loss;
  if (document.activeElement !== ui.state) ui.state.value = stateLine(state);
  ui.hits.textContent = percent(row.hits);
  ui.named.textContent = percent(row.named);
  ui.distance.textContent = row.distance.toFixed(1);
  ui.norm.textContent = row.norm.toExponential(0).replace("e-", "e\u2212").replace("e+", "e");
  ui["chart-note"].textContent = `after ${state.steps} steps, ${LOSS_NAMES[state.loss] ?? state.loss}`;
  ui.chart.innerHTML = chartMarkup(table, state);
  ui.chart.setAttribute("aria-label", `share of people recognised by factor; at ${factorText(state.factor)} ${percent(row.hits)}`);
}

function framesOf(message, buffer, tile) {
  const bytes = new Uint8ClampedArray(buffer.buffer ?? buffer, buffer.byteOffset ?? 0, buffer.byteLength);
  const size = 4 * tile * tile;
  const faces = message.ranks.map((_, place) => new ImageData(bytes.slice(place * size, (place + 1) * size), tile, tile));
  return { ...message, faces };
}

/** Draws the laboratory into `el`. `model` is anywidget's, or the stand-in of the page without a kernel. */
export function render({ model, el }) {
  const table = JSON.parse(model.get("table"));
  const ui = build(el, table, model.get("has_kernel"));
  let state = readState(model.get("state"), table);
  let [sheet, live, frame, timer] = [null, null, 0, 0];

  const asks = () => !model.get("guess");

  function paint() {
    frame = 0;
    try {
      const locked = asks();
      ui.predict.hidden = !locked;
      ui.root.classList.toggle("faces-locked", locked);
      for (const name of ["factor", "steps", "loss", "live"]) ui[name].disabled = locked || (name === "live" && (!model.get("has_kernel") || live?.busy));
      say(ui.verdict, model.get("guess") ? verdictText(model.get("guess"), table, state.steps) : "");
      paintFaces(ui, table, state, sheet, live?.faces ? live : null);
      paintNumbers(ui, table, state);
      say(ui.error, "");
    } catch (problem) {
      say(ui.error, `The faces could not be drawn (${problem.message}); move a control to try again.`);
    }
  }
  const schedule = () => (frame ||= requestAnimationFrame(paint));

  function tell() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const row = table.rows[placeOf(state, table)];
      ui.spoken.textContent = `factor ${factorText(state.factor)}, ${state.steps} steps, ${LOSS_NAMES[state.loss]}: ${Math.round(100 * row.hits)} percent recognised`;
      model.set("state", stateLine(state));
      model.save_changes();
    }, 150);
  }
  function change(part) {
    live = live?.busy ? live : null;
    state = { ...state, ...part };
    schedule();
    tell();
  }
  function applyLine(line) {
    try {
      const read = readState(line, table);
      say(ui["state-error"], "");
      if (stateLine(read) !== stateLine(state)) change(read);
    } catch (problem) {
      say(ui["state-error"], problem.message);
    }
  }
  function onMessage(message, buffers) {
    if (message.type === "frame") {
      live = { ...framesOf(message, buffers[0], table.tile), busy: true };
      ui["live-progress"].hidden = false;
      ui["live-progress"].value = message.step / message.steps;
      ui["live-note"].textContent = `live, step ${message.step} of ${message.steps}: ${message.ranks.filter((rank) => rank === 1).length} of ${message.ranks.length} recognised`;
    } else {
      live = live ? { ...live, busy: false } : null;
      ui["live-progress"].hidden = true;
      if (message.type === "failed") ui["live-note"].textContent = message.sentence;
    }
    schedule();
  }
  function guess(event) {
    if (!event.target.value) return;
    model.set("guess", event.target.value);
    model.save_changes();
    ui.factor.disabled = false;
    ui.factor.focus(); // before the question disappears: JupyterLab takes the focus that a hidden button loses
    schedule();
  }

  ui.factor.addEventListener("input", () => change({ factor: table.factors[Number(ui.factor.value)] }));
  ui.steps.addEventListener("input", () => change({ steps: table.steps[Number(ui.steps.value)] }));
  ui.loss.addEventListener("change", () => change({ loss: ui.loss.value }));
  ui.state.addEventListener("change", () => applyLine(ui.state.value));
  ui.predict.addEventListener("click", guess);
  ui.live.addEventListener("click", () => {
    live = { busy: true };
    ui["live-note"].textContent = "the attack begins";
    model.send({ type: "attack", factor: state.factor, loss: state.loss });
    schedule();
  });
  const onLine = () => applyLine(model.get("state"));
  model.on("change:state", onLine);
  model.on("msg:custom", onMessage);
  decodeSheet(model.get("sheet")).then(
    (image) => {
      sheet = image;
      schedule();
    },
    () => say(ui.error, "This browser could not read the faces (a WebP picture)."),
  );
  paint();
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    model.off("change:state", onLine);
    model.off("msg:custom", onMessage);
  };
}
