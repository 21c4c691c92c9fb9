// "Ideas": things to write, each of which opens the page set up so. An idea is a link, as the page itself makes them.

import { element, html } from "../util/dom.js";
import { allWords } from "../words/words.js";

/**
 * An idea: the settings of a link, without its text, which is among the words.
 * @typedef {object} Idea
 * @property {"card" | "letter" | "envelope" | "list" | "signature" | "birthday" | "quote"} name of its picture, too
 * @property {Record<string, string | number>} settings
 */

/** @type {Idea[]} */
export const IDEAS = [
  {
    name: "card",
    settings: {
      seed: 9,
      style: "Joined",
      bias: 1,
      paper: "card",
      orientation: "landscape",
      size: "fitted",
      pitch: 17,
      ink: "#8c1c33",
      tip: "fountain",
    },
  },
  {
    name: "letter",
    settings: {
      seed: 4,
      style: "Joined",
      bias: 1,
      wander: 0.15,
      paper: "a4",
      ruling: "ruled",
      tip: "fountain",
    },
  },
  {
    name: "envelope",
    settings: {
      seed: 3,
      style: "Upright",
      bias: 1.2,
      paper: "envelope-dl",
      ink: "#1b1b1f",
      tip: "fineliner",
    },
  },
  {
    name: "list",
    settings: {
      seed: 2,
      style: "Airy",
      bias: 0.8,
      paper: "card",
      ruling: "ruled",
      ink: "#1b1b1f",
      tip: "pencil",
      nib: 1.3,
    },
  },
  {
    name: "signature",
    settings: { seed: 11, style: "Flowing", bias: 0.5, slant: 8, size: "large", tip: "fountain", nib: 1.4, ink: "#1f2c6b" },
  },
  {
    name: "birthday",
    settings: { seed: 4, style: "Joined", bias: 0.9, columns: 16, size: "large", tip: "fountain", nib: 1.3, ink: "#155745" },
  },
  {
    name: "quote",
    settings: {
      seed: 5,
      style: "Even",
      bias: 1,
      paper: "card",
      orientation: "landscape",
      ruling: "squared",
      size: "fitted",
      pitch: 14,
      ink: "#1747c0",
      tip: "fineliner",
    },
  },
];

/** The fragment of its link. @param {Idea} idea @param {string} text */
export const linkOf = ({ settings }, text) =>
  `#${new URLSearchParams(Object.entries({ text, ...settings }).map(([key, value]) => [key, String(value)]))}`;

/** @param {(link: string) => void} choose gets the fragment of the idea that the visitor chose */
export function mountIdeas(choose) {
  const button = element("ideas-open", HTMLButtonElement);
  button.addEventListener("click", () => {
    const dialog = build(choose);
    document.body.append(dialog);
    dialog.showModal();
  });
  button.disabled = false;
}

/** @param {(link: string) => void} choose */
function build(choose) {
  const words = allWords.ideas;
  const cards = IDEAS.map((idea) => {
    const target = linkOf(idea, words[`${idea.name}Text`]);
    const picture = html("img", { src: new URL(`${idea.name}.png`, import.meta.url).href, alt: "", width: 280, height: 190 });
    const link = html("a", { href: target }, picture, html("strong", {}, words[idea.name]), html("span", {}, words[`${idea.name}Hint`]));
    link.addEventListener("click", (event) => {
      // In another tab, it is a link like others.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      dialog.close();
      choose(target);
      element("text", HTMLTextAreaElement).focus();
    });
    return html("li", {}, link);
  });
  const dialog = html(
    "dialog",
    { id: "ideas" },
    html("h2", { id: "ideas-title" }, words.title),
    html("p", { className: "hint" }, words.lead),
    html("ul", {}, ...cards),
    html("form", { method: "dialog", className: "actions" }, html("button", {}, words.close)),
  );
  dialog.setAttribute("aria-labelledby", "ideas-title");
  dialog.addEventListener("close", () => dialog.remove());
  return dialog;
}
