// A snapshot in words, and in the paper's formulas with its numbers.

import { html } from "../util/dom.js";

/** @typedef {import("./snapshots.js").InspectedLine} InspectedLine */

/** @param {number} value @param {number} [digits] */
const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
/** @param {number} share */
const percent = (share) => (share > 0 && share < 0.005 ? "less than 1 %" : `${Math.round(100 * share)} %`);
/** @param {string} character */
function describe(character) {
  if (character === "") return "the end of the text";
  return character === " " ? "the blank" : `“${character}”`;
}

/**
 * A formula from text with markup: _x_ is a symbol, ~x~ a subscript, *b* and *τ* are the sliders' values.
 * @param {string} text
 */
function formula(text) {
  const parts = text.split(/([_~*])(.+?)\1/);
  const made = html("span", { className: "formula" });
  for (let i = 0; i < parts.length; i += 3) {
    made.append(parts[i]);
    const [mark, content] = [parts[i + 1], parts[i + 2]];
    if (mark === "_") made.append(html("i", {}, content));
    if (mark === "~") made.append(html("sub", {}, content));
    if (mark === "*") made.append(html("b", { className: content === "b" ? "bias" : "temperature" }, content));
  }
  return made;
}

/** The formulas, with what they say in words. */
const FORMULAS = {
  sigma: {
    title: "How large a cloud is",
    formula: "_σ_~x~ = exp(_σ̂_~x~ − *b*) · √*τ*",
    words: "More bias b: smaller clouds, steadier strokes. More temperature τ: larger ones.",
  },
  pi: {
    title: "How much a cloud counts",
    formula: "_π_~j~ = softmax~j~( _π̂_~j~ · (1 + *b*) / *τ* )",
    words: "Bias favours the clouds that count most; temperature gives the others a chance.",
  },
  drawn: {
    title: "Where the pen goes",
    formula: "(Δ_x_, Δ_y_) ∼ N( _μ_~j~, _σ_~j~, _ρ_~j~ )",
    words: "Chance takes one cloud, as often as it counts, and a point in it. That point is the next input.",
  },
  lift: {
    title: "Whether the pen lifts",
    formula: "_e_ = 1 / ( 1 + exp( _ê_ / *τ* ) )",
    words: "Chance lifts the pen as often as e says.",
  },
  window: {
    title: "Which letter is in view",
    formula: "_φ_(_u_) = Σ~k~ _α_~k~ · exp( −_β_~k~ (_κ_~k~ − _u_)² )",
    words: "A window that slides over the text, and never back: each letter u is in view as far as φ says.",
  },
  stop: {
    title: "Whether the line is done",
    formula: "_s_ = 1 / ( 1 + exp( −_ŝ_ ) )",
    words: "Learnt besides: the chance that nothing follows this point.",
  },
};

/** A formula with the snapshot's numbers, and what it says. */
class Card {
  numbers = html("p", { className: "live" });
  /** @type {HTMLElement} */ root;

  /** @param {{ title: string, formula: string, words: string }} content */
  constructor({ title, formula: text, words }) {
    this.root = html(
      "div",
      { className: "card" },
      html("h4", {}, title),
      html("p", {}, formula(text)),
      this.numbers,
      html("p", { className: "hint" }, words),
    );
  }
}

export class SnapshotText {
  /** The mixture, the window and the pen lift, in a sentence or two each. */
  cloud = html("p");
  window = html("p");
  lift = html("p");
  /** The line's text, each letter shaded by its weight in the window. */
  letters = html("p", { className: "letters" });
  cards = {
    sigma: new Card(FORMULAS.sigma),
    pi: new Card(FORMULAS.pi),
    drawn: new Card(FORMULAS.drawn),
    lift: new Card(FORMULAS.lift),
    window: new Card(FORMULAS.window),
    stop: new Card(FORMULAS.stop),
  };
  /** The line that `letters` shows. @type {InspectedLine | undefined} */ #shown;
  /** @type {HTMLElement[]} */ #spans = [];

  /** Which letter is in view, in a few words; "" without a text. @param {InspectedLine} line @param {number} snapshot */
  position(line, snapshot) {
    const { characters } = line.info;
    return characters.length ? `on ${describe(characters[line.head(snapshot).position])}` : "";
  }

  /** @param {InspectedLine} line @param {number} snapshot */
  show(line, snapshot) {
    const { bias, temperature, characters, mixtures } = line.info;
    const head = line.head(snapshot);
    const taken = line.component(snapshot, head.chosen);
    const most = Math.max(...Array.from({ length: mixtures }, (_, j) => line.component(snapshot, j).pi));
    const choice = taken.pi === most ? "The pen took it" : `The pen took another, of ${percent(taken.pi)}`;
    this.cloud.textContent =
      `● is the pen. Each cloud is one of ${mixtures} guesses; the darker, the likelier. ` +
      `The likeliest has ${percent(most)}. ${choice}, and went to ○.`;
    this.lift.textContent =
      `${head.lift > 0.5 ? "Likely" : head.lift > 0.1 ? "Perhaps" : "Hardly"}: the chance is ${percent(head.lift)}. ` +
      (head.lifted ? "It did: the stroke ends with ○." : "It stayed on the paper.");

    const { sigma, pi, drawn, lift, stop } = this.cards;
    const [b, t] = [number(bias), number(temperature)];
    sigma.numbers.textContent =
      `exp(${number(taken.sigmaHat)} − ${b}) · √${t} = ${number(taken.sigma[0], 3)} ` +
      `for the cloud taken, number ${head.chosen + 1}`;
    pi.numbers.textContent =
      `${number(taken.piHat)} · (1 + ${b}) / ${t} = ${number((taken.piHat * (1 + bias)) / temperature)}, ` +
      `which among all is ${percent(taken.pi)}`;
    drawn.numbers.textContent =
      `Δx: ${number(taken.mu[0])} ± ${number(taken.sigma[0], 3)}, drawn ${number(head.dx)}; ` +
      `Δy: ${number(taken.mu[1])} ± ${number(taken.sigma[1], 3)}, drawn ${number(head.dy)}; ρ = ${number(taken.rho)}`;
    lift.numbers.textContent = `1 / (1 + exp(${number(head.liftHat)} / ${t})) = ${number(head.lift, 3)}`;
    stop.numbers.textContent = `s = ${number(head.stop, 3)}`;
    stop.root.hidden = characters.length === 0;
    if (characters.length) this.#showWindow(line, snapshot);
  }

  /** @param {InspectedLine} line @param {number} snapshot */
  #showWindow(line, snapshot) {
    const { characters } = line.info;
    const { position } = line.head(snapshot);
    const window = line.window(snapshot);
    const total = window.reduce((sum, value) => sum + value, 1e-6);
    const character = describe(characters[position]);
    const last = characters.length - 1;
    this.window.textContent =
      position < last ? `Mostly on ${character}, character ${position + 1} of ${last}.` : "At the end of the text.";
    this.cards.window.numbers.textContent = `largest at u = ${position + 1}, ${character}: ${number(window[position])}`;
    if (this.#shown !== line) {
      this.#shown = line;
      this.#spans = characters.map((character) => html("span", {}, character === "" ? "■" : character));
      this.letters.replaceChildren(...this.#spans);
    }
    for (const [u, letter] of this.#spans.entries()) {
      // Fainter shades would look like dirt, darker ones would leave the letter too little contrast.
      const share = Math.sqrt(window[u] / total);
      letter.style.setProperty("--share", `${share < 0.12 ? 0 : Math.round(42 * share)}%`);
      letter.classList.toggle("now", u === position);
    }
  }
}
