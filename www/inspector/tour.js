// A short tour of the panel: what each of its parts shows, one after the other, in a callout below that part.

import { html } from "../util/dom.js";
import { allWords, label } from "../words/words.js";

/** What a step is about, by the name of its words, and the part that it stands below. @typedef {{ name: "window" | "mixture" | "pen" | "state" | "choice", part: HTMLElement }} Step */

/** Event "end". */
export class Tour extends EventTarget {
  /** @type {Step[]} */ #steps;
  #step = 0;
  #title = html("h4", { id: "tour-title", tabIndex: -1 });
  #text = html("p", { id: "tour-text" });
  #back = label(html("button", { type: "button" }), "tour.back");
  #next = html("button", { type: "button", className: "next" });
  #close = label(html("button", { type: "button" }), "tour.end");
  /** The callout. */
  root = html("div", { className: "tour" }, this.#title, this.#text, html("div", { className: "actions" }, this.#back, this.#next, this.#close));

  /** @param {Step[]} steps at least one */
  constructor(steps) {
    super();
    this.#steps = steps;
    this.root.setAttribute("role", "dialog");
    this.root.setAttribute("aria-labelledby", this.#title.id);
    this.root.setAttribute("aria-describedby", this.#text.id);
    this.#back.addEventListener("click", () => this.#go(this.#step - 1));
    this.#next.addEventListener("click", () => this.#go(this.#step + 1));
    this.#close.addEventListener("click", () => this.close());
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      else if (event.key === "ArrowRight") this.#go(Math.min(this.#step + 1, this.#steps.length - 1));
      else if (event.key === "ArrowLeft") this.#go(Math.max(this.#step - 1, 0));
      else return;
      event.preventDefault();
      // Elsewhere Escape stops the pen.
      event.stopPropagation();
    });
  }

  open() {
    this.#go(0);
  }

  close() {
    if (!this.root.isConnected) return;
    this.#mark(undefined);
    this.root.remove();
    this.dispatchEvent(new Event("end"));
  }

  /** @param {number} step the number of steps closes the tour */
  #go(step) {
    if (step === this.#steps.length) return this.close();
    this.#step = step;
    const says = allWords.tour;
    const { name, part } = this.#steps[step];
    this.#title.textContent = `${says.step(step + 1, this.#steps.length)} ${says[`${name}Title`]}`;
    this.#text.textContent = says[name];
    this.#back.disabled = step === 0;
    const last = step === this.#steps.length - 1;
    this.#next.textContent = last ? says.done : says.next;
    this.#close.hidden = last;
    this.#mark(part);
    part.after(this.root);
    // Not a button: Enter would go on before anybody has read. Screen readers read the whole callout.
    this.#title.focus({ preventScroll: true });
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    // The part first, then the callout, in case both do not fit.
    part.scrollIntoView({ block: "nearest", behavior: "auto" });
    this.root.scrollIntoView({ block: "nearest", behavior });
  }

  /** Marks the part that a step is about. @param {HTMLElement | undefined} part */
  #mark(part) {
    for (const step of this.#steps) step.part.classList.toggle("toured", step.part === part);
  }
}
