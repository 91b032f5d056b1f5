/* A line-up: the learner is the judge. Which of six people does the reconstruction show? The evaluator's hits stand beside.
 *
 * Reads the same sheet and table as the laboratory of faces: what an attacker with cross-entropy has after the last step.
 */

import { decodeSheet, factorText, placeOf } from "./faces_lab.js";

const FACTORS = [0.1, -0.2];
const SUSPECTS = 6;

/** Numbers in [0, 1) that are the same for everybody. */
function createRandom(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function shuffled(values, random) {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** The rounds: every other person with one factor and the rest with the other, and six suspects each. */
export function makeRounds(people, seed = 7) {
  const random = createRandom(seed);
  const rounds = shuffled([...Array(people).keys()], random).map((person, place) => {
    const others = shuffled([...Array(people).keys()].filter((other) => other !== person), random);
    return { person, factor: FACTORS[place % 2], suspects: shuffled([person, ...others.slice(0, SUSPECTS - 1)], random) };
  });
  return rounds;
}

/** One line for each factor: hits of the learner, of the evaluator, and of somebody who guesses. */
export function tally(rounds, answers, table) {
  return FACTORS.map((factor) => {
    const done = rounds.filter((round, place) => round.factor === factor && place < answers.length);
    const mine = done.filter((round) => answers[rounds.indexOf(round)] === round.person).length;
    const row = table.rows[placeOf({ factor, loss: "cross_entropy", steps: table.steps[table.steps.length - 1] }, table)];
    const evaluator = done.filter((round) => row.ranks[round.person] === 1).length;
    return `Factor ${factorText(factor)}: you ${mine} of ${done.length}, the evaluator ${evaluator} (its choice is among ${table.classes}), guessing ${(done.length / SUSPECTS).toFixed(1)}.`;
  });
}

/** Draws the line-up into `el`. `model` is anywidget's, or the stand-in of the page without a kernel. */
export function renderLineUp({ model, el }) {
  const table = JSON.parse(model.get("table"));
  const [size, rounds, answers] = [table.tile, makeRounds(table.people.length), []];
  el.innerHTML = `<section class="mia-lab mia-faces" aria-label="Line-up"><p data-lab="question"></p>
    <div class="faces-line-up"><canvas data-lab="evidence" width="${size}" height="${size}" role="img" aria-label="the reconstruction"></canvas>
    <div class="faces-suspects" data-lab="suspects"></div></div><p data-lab="answer" aria-live="polite"></p><ul data-lab="tally"></ul></section>`;
  const ui = Object.fromEntries([...el.querySelectorAll("[data-lab]")].map((element) => [element.dataset.lab, element]));
  let sheet = null;

  function draw(canvas, person, row) {
    canvas.getContext("2d").drawImage(sheet, person * size, row * size, size, size, 0, 0, size, size);
  }

  function ask() {
    const round = rounds[answers.length];
    ui.tally.replaceChildren(...tally(rounds, answers, table).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    if (!round) {
      ui.question.textContent = "All twelve are done. Where do you and the evaluator part ways?";
      ui.suspects.replaceChildren();
      return;
    }
    ui.question.textContent = `Round ${answers.length + 1} of ${rounds.length}. An attacker brought this back. Which of the six is it?`;
    const steps = table.steps[table.steps.length - 1];
    draw(ui.evidence, round.person, 1 + placeOf({ factor: round.factor, loss: "cross_entropy", steps }, table));
    ui.suspects.replaceChildren(...round.suspects.map((person, place) => suspect(round, person, place)));
  }

  function suspect(round, person, place) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.lmSuppressShortcuts = "true";
    button.setAttribute("aria-label", `suspect ${place + 1}`);
    const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
    draw(canvas, person, 0);
    button.append(canvas);
    button.addEventListener("click", () => {
      const right = round.suspects.indexOf(round.person) + 1;
      ui.answer.textContent = person === round.person ? `Yes, suspect ${right}.` : `No: it was suspect ${right}.`;
      answers.push(person);
      ask();
      ui.suspects.querySelector("button")?.focus();
    });
    return button;
  }

  decodeSheet(model.get("sheet")).then(
    (image) => {
      sheet = image;
      ask();
    },
    () => (ui.question.textContent = "This browser could not read the faces (a WebP picture)."),
  );
}
