// A snapshot in words, and in the paper's formulas with its numbers.

import { html } from "../util/dom.js";
import { allWords, number as formatted } from "../words/words.js";

/** @typedef {import("./snapshots.js").InspectedLine} InspectedLine */

/** @param {number} value @param {number} [digits] */
const number = (value, digits = 2) => formatted(value, digits);
/** @param {number} share */
function percent(share) {
  const { lessThanOne, percent } = allWords.inspector;
  return share > 0 && share < 0.005 ? lessThanOne : percent(Math.round(100 * share));
}
/** @param {string} character */
function describe(character) {
  const { endOfText, space, quoted } = allWords.inspector;
  if (character === "") return endOfText;
  return character === " " ? space : quoted(character);
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

/** The formulas, by the names of their words. */
const FORMULAS = /** @type {const} */ ({
  sigma: "_σ_~x~ = exp(_σ̂_~x~ − *b*) · √*τ*",
  pi: "_π_~j~ = softmax~j~( _π̂_~j~ · (1 + *b*) / *τ* )",
  drawn: "(Δ_x_, Δ_y_) ∼ N( _μ_~j~, _σ_~j~, _ρ_~j~ )",
  lift: "_e_ = 1 / ( 1 + exp( _ê_ / *τ* ) )",
  window: "_φ_(_u_) = Σ~k~ _α_~k~ · exp( −_β_~k~ (_κ_~k~ − _u_)² )",
  stop: "_s_ = 1 / ( 1 + exp( −_ŝ_ ) )",
});

/** A formula with the snapshot's numbers, and what it says. */
class Card {
  numbers = html("p", { className: "live" });
  /** @type {HTMLElement} */ root;

  /** @param {keyof typeof FORMULAS} name */
  constructor(name) {
    const says = allWords.inspector;
    this.root = html(
      "div",
      { className: "card" },
      html("h4", {}, says[`${name}Title`]),
      html("p", {}, formula(FORMULAS[name])),
      this.numbers,
      html("p", { className: "hint" }, says[`${name}Words`]),
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
    sigma: new Card("sigma"),
    pi: new Card("pi"),
    drawn: new Card("drawn"),
    lift: new Card("lift"),
    window: new Card("window"),
    stop: new Card("stop"),
  };
  /** The line that `letters` shows. @type {InspectedLine | undefined} */ #shown;
  /** @type {HTMLElement[]} */ #spans = [];

  /** Which letter is in view, in a few words; "" without a text. @param {InspectedLine} line @param {number} snapshot */
  position(line, snapshot) {
    const { characters } = line.info;
    return characters.length ? allWords.inspector.on(describe(characters[line.head(snapshot).position])) : "";
  }

  /** @param {InspectedLine} line @param {number} snapshot */
  show(line, snapshot) {
    const { bias, temperature, characters, mixtures } = line.info;
    const head = line.head(snapshot);
    const taken = line.component(snapshot, head.chosen);
    const most = Math.max(...Array.from({ length: mixtures }, (_, j) => line.component(snapshot, j).pi));
    const says = allWords.inspector;
    const choice = taken.pi === most ? says.tookLikeliest : says.tookAnother(percent(taken.pi));
    this.cloud.textContent = `${says.cloud(mixtures, percent(most))} ${choice}`;
    const chance = head.lift > 0.5 ? says.liftLikely : head.lift > 0.1 ? says.liftPossible : says.liftUnlikely;
    this.lift.textContent = `${chance(percent(head.lift))} ${head.lifted ? says.lifted : says.notLifted}`;

    const { sigma, pi, drawn, lift, stop } = this.cards;
    const [b, t] = [number(bias), number(temperature)];
    sigma.numbers.textContent = says.sigmaNumbers(
      `exp(${number(taken.sigmaHat)} − ${b}) · √${t} = ${number(taken.sigma[0], 3)}`,
      head.chosen + 1,
    );
    pi.numbers.textContent = says.piNumbers(
      `${number(taken.piHat)} · (1 + ${b}) / ${t} = ${number((taken.piHat * (1 + bias)) / temperature)}`,
      percent(taken.pi),
    );
    drawn.numbers.textContent = [
      says.drawnNumbers("Δx", number(taken.mu[0]), number(taken.sigma[0], 3), number(head.dx)),
      says.drawnNumbers("Δy", number(taken.mu[1]), number(taken.sigma[1], 3), number(head.dy)),
      `ρ = ${number(taken.rho)}`,
    ].join("; ");
    lift.numbers.textContent = `1 / (1 + exp(${number(head.liftHat)} / ${t})) = ${number(head.lift, 3)}`;
    stop.numbers.textContent = `s = ${number(head.stop, 3)}`;
    stop.root.hidden = characters.length === 0;
    if (characters.length) this.#showWindow(line, snapshot);
  }

  /** @param {InspectedLine} line @param {number} snapshot */
  #showWindow(line, snapshot) {
    const { characters } = line.info;
    const { position } = line.head(snapshot);
    const says = allWords.inspector;
    const window = line.window(snapshot);
    const total = window.reduce((sum, value) => sum + value, 1e-6);
    const character = describe(characters[position]);
    const last = characters.length - 1;
    this.window.textContent =
      position < last ? says.mostlyOn(character, position + 1, last) : says.atEnd;
    this.cards.window.numbers.textContent = says.windowNumbers(position + 1, character, number(window[position]));
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
