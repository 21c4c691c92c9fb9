// The list of the hands on this device: to rename, improve, export and delete them.

import { html } from "../util/dom.js";
import { download } from "../util/download.js";
import { allWords } from "../words/words.js";

/** @typedef {import("./own-hands.js").Hand} Hand */
/** @typedef {import("./own-hands.js").OwnHands} OwnHands */

/**
 * @param {HTMLElement} section hidden while there are none
 * @param {HTMLUListElement} list
 * @param {OwnHands} hands
 * @param {object} acts
 * @param {(hand: Hand) => boolean} acts.mayImprove whether that replaces nothing
 * @param {(hand: Hand) => void} acts.improve
 * @param {() => void} acts.deleted called when one is deleted: the focus was in its row
 * @param {(message: string, problem?: boolean) => void} acts.say
 */
export function mountHandList(section, list, hands, { mayImprove, improve, deleted, say }) {
  /** @param {Hand} hand */
  const row = (hand) => {
    const says = allWords.capture;
    const name = html("input", { type: "text", maxLength: 40, value: hand.name, autocomplete: "off" });
    name.setAttribute("aria-label", says.nameOf(hand.name));
    name.addEventListener("change", async () => {
      const wanted = name.value.trim();
      if (!wanted || wanted === hand.name) {
        name.value = hand.name;
        return;
      }
      const { id, problem } = await hands.rename(hand, hands.unusedName(wanted));
      say(problem || says.renamed(hands.get(id)?.name ?? wanted), problem !== "");
    });
    const state = hands.isForeign(hand)
      ? says.foreign
      : hand.learnt
        ? says.learntFrom(hand.samples.length)
        : says.notLearnt;
    return html(
      "li",
      {},
      name,
      html("span", { className: "hint", textContent: state }),
      html(
        "span",
        { className: "row-actions" },
        button([says.improve, says.improveHand(hand.name)], mayImprove(hand) ? undefined : [says.replaceDrawn, says.replaceDrawnBy(hand.name)], () =>
          improve(hand),
        ),
        button([says.export, says.exportHand(hand.name)], undefined, () => {
          save(hand);
          say(says.exported(hand.name));
        }),
        // A hand cannot be restored.
        button([says.delete, says.deleteHand(hand.name)], [says.confirmDelete, says.confirmDeleteHand(hand.name)], () => {
          hands.remove(hand.id);
          say(says.deleted(hand.name));
          deleted();
        }),
      ),
    );
  };
  const update = () => {
    list.replaceChildren(...hands.all.map(row));
    section.hidden = list.children.length === 0;
  };
  hands.addEventListener("change", update);
  update();
  return update;
}

/** What a button says, and what assistive technology calls it. @typedef {[text: string, name: string]} Label */

/** A button that, if there is a question, needs a second press. @param {Label} label @param {Label | undefined} question @param {() => void} act */
function button(label, question, act) {
  const made = html("button", { type: "button" });
  let asked = !question;
  const show = (/** @type {Label} */ [text, name]) => {
    made.textContent = text;
    made.setAttribute("aria-label", name);
  };
  show(label);
  made.addEventListener("click", () => {
    if (asked || !question) return act();
    asked = true;
    show(question);
  });
  return made;
}

/** Downloads a hand's file. @param {Hand} hand */
function save({ name, json }) {
  const stem = name.replace(/[^\p{L}\p{N} _-]/gu, "").trim() || "hand";
  download(new Blob([json], { type: "application/json" }), `${stem}.running-hand.json`);
}
