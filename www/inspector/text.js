// A moment in words and in the paper's formulas, with its numbers.

/** @typedef {import("./snapshots.js").Line} Line */

/** @param {number} value @param {number} [digits] */
const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
/** @param {number} share */
const percent = (share) => (share > 0 && share < 0.005 ? "less than 1 %" : `${Math.round(100 * share)} %`);
/** @param {string} character */
function named(character) {
  if (character === "") return "the end of the text";
  return character === " " ? "the blank" : `“${character}”`;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {Partial<HTMLElementTagNameMap[K]>} [properties] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/**
 * Text with a little markup: _x_ is a symbol, ~x~ is lowered, *b* and *τ* are what the sliders set.
 * @param {string} text
 */
function formula(text) {
  const parts = text.split(/([_~*])(.+?)\1/);
  const made = make("span", { className: "formula" });
  for (let i = 0; i < parts.length; i += 3) {
    made.append(parts[i]);
    const [mark, content] = [parts[i + 1], parts[i + 2]];
    if (mark === "_") made.append(make("i", {}, content));
    if (mark === "~") made.append(make("sub", {}, content));
    if (mark === "*") made.append(make("b", { className: content === "b" ? "bias" : "temperature" }, content));
  }
  return made;
}

/** What each formula says, in words; its numbers follow the pen. */
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

/** A formula with its numbers, and what it says. */
class Card {
  numbers = make("p", { className: "live" });
  /** @type {HTMLElement} */ root;

  /** @param {{ title: string, formula: string, words: string }} about */
  constructor({ title, formula: text, words }) {
    this.root = make(
      "div",
      { className: "card" },
      make("h4", {}, title),
      make("p", {}, formula(text)),
      this.numbers,
      make("p", { className: "hint" }, words),
    );
  }
}

export class Words {
  /** What the clouds, the window and the pen lift come to. */
  cloud = make("p");
  window = make("p");
  lift = make("p");
  /** The text, each letter shaded as far as it is in view. */
  text = make("p", { className: "letters" });
  cards = {
    sigma: new Card(FORMULAS.sigma),
    pi: new Card(FORMULAS.pi),
    drawn: new Card(FORMULAS.drawn),
    lift: new Card(FORMULAS.lift),
    window: new Card(FORMULAS.window),
    stop: new Card(FORMULAS.stop),
  };
  /** The line whose text is shown. @type {Line | undefined} */ #shown;
  /** @type {HTMLElement[]} */ #letters = [];

  /** Which letter is in view, in a few words; empty without text. @param {Line} line @param {number} moment */
  place(line, moment) {
    const { characters } = line.about;
    return characters.length ? `on ${named(characters[line.head(moment).position])}` : "";
  }

  /** Says what a moment is about. @param {Line} line @param {number} moment */
  tell(line, moment) {
    const { bias, temperature, characters, mixtures } = line.about;
    const head = line.head(moment);
    const taken = line.component(moment, head.chosen);
    const most = Math.max(...Array.from({ length: mixtures }, (_, j) => line.component(moment, j).pi));
    const fate = taken.pi === most ? "The pen took it" : `The pen took another, of ${percent(taken.pi)}`;
    this.cloud.textContent =
      `● is the pen. Each cloud is one of ${mixtures} guesses; the darker, the likelier. ` +
      `The likeliest has ${percent(most)}. ${fate}, and went to ○.`;
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
    if (characters.length) this.#tellWindow(line, moment);
  }

  /** @param {Line} line @param {number} moment */
  #tellWindow(line, moment) {
    const { characters } = line.about;
    const { position } = line.head(moment);
    const window = line.window(moment);
    const total = window.reduce((sum, value) => sum + value, 1e-6);
    const character = named(characters[position]);
    const last = characters.length - 1;
    this.window.textContent =
      position < last ? `Mostly on ${character}, character ${position + 1} of ${last}.` : "At the end of the text.";
    this.cards.window.numbers.textContent = `largest at u = ${position + 1}, ${character}: ${number(window[position])}`;
    if (this.#shown !== line) {
      this.#shown = line;
      this.#letters = characters.map((own) => make("span", {}, own === "" ? "■" : own));
      this.text.replaceChildren(...this.#letters);
    }
    for (const [u, letter] of this.#letters.entries()) {
      // Shades of less would be mistaken for dirt; those of more would take the letter its contrast.
      const share = Math.sqrt(window[u] / total);
      letter.style.setProperty("--share", `${share < 0.12 ? 0 : Math.round(42 * share)}%`);
      letter.classList.toggle("now", u === position);
    }
  }
}
