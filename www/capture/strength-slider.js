// How much of a learnt hand is used: a slider beside the hands, shown while such a hand is chosen.

import { html } from "../util/dom.js";
import { allWords } from "../words/words.js";

/** @typedef {import("../app/hand-picker.js").HandPicker} HandPicker */

/**
 * @param {HandPicker} hands
 * @param {() => void} keep called when the visitor lets go of it
 */
export function strengthSlider(hands, keep) {
  const input = html("input", { id: "strength", type: "range", min: "0", max: "1", step: "0.05" });
  const value = html("span", { className: "value" });
  value.setAttribute("aria-hidden", "true");
  const hint = html("p", { className: "hint", id: "strength-hint", textContent: allWords.capture.strengthHint });
  input.setAttribute("aria-describedby", hint.id);
  const setting = html("div", { className: "setting strength", hidden: true });
  setting.append(html("label", { htmlFor: input.id, textContent: allWords.capture.strength }), value, input, hint);
  const show = () => {
    const strength = hands.captured?.strength;
    setting.hidden = strength === undefined;
    if (strength === undefined) return;
    input.valueAsNumber = strength;
    value.textContent = strength.toFixed(2);
  };
  hands.addEventListener("change", show);
  input.addEventListener("input", () => hands.setStrength(input.valueAsNumber));
  input.addEventListener("change", keep);
  show();
  return setting;
}
