// The speed on a phone: a button of the bar that shows it, and above the bar a slider of all speeds.

import { element, html, svg } from "../util/dom.js";
import { label } from "../words/words.js";

/** What the button shows of each speed: there is room for a sign. @type {Record<string, string>} */
const SIGNS = { auto: "Auto", 1: "1×", 4: "4×", 20: "20×", Infinity: "∞" };

/** As phone.css says. */
const PHONE = matchMedia("(max-width: 34rem)");

/** On a phone, or when the window becomes as narrow. */
export function mountSpeedBar() {
  if (PHONE.matches) build();
  else PHONE.addEventListener("change", build, { once: true });
}

function build() {
  const select = element("speed", HTMLSelectElement);
  const bar = /** @type {HTMLElement} */ (select.parentElement);
  const sign = html("span", { className: "speed-sign" });
  const name = label(html("span", { className: "visually-hidden" }), "form.speed");
  const dial = svg("svg", { viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" });
  dial.append(svg("path", { d: "M5.6 18.4a9 9 0 1 1 12.8 0M12 12l3.6-3.6" }));
  const button = html("button", { type: "button", id: "speed-open", className: "bar-only" }, dial, name, " ", sign);
  button.setAttribute("aria-controls", "speed-panel");

  const slider = html("input", { type: "range", id: "speed-slider", min: "0", max: String(select.options.length - 1), step: "1" });
  const said = html("span", { className: "value" });
  said.setAttribute("aria-hidden", "true");
  const title = label(html("label", { htmlFor: slider.id }), "form.speed");
  const panel = html("div", { id: "speed-panel", hidden: true }, title, said, slider);

  const show = () => {
    const { text } = select.options[select.selectedIndex];
    slider.value = String(select.selectedIndex);
    slider.setAttribute("aria-valuetext", text);
    said.textContent = text;
    sign.textContent = SIGNS[select.value] ?? text;
  };
  const open = (/** @type {boolean} */ shown) => {
    panel.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
  };
  button.addEventListener("click", () => {
    open(panel.hidden !== false);
    if (!panel.hidden) slider.focus();
  });
  slider.addEventListener("input", (event) => {
    event.stopPropagation();
    select.selectedIndex = slider.valueAsNumber;
    select.dispatchEvent(new Event("input", { bubbles: true }));
  });
  select.addEventListener("input", show);
  addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !panel.contains(target) && !button.contains(target)) open(false);
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    // Otherwise it would stop the pen.
    event.stopPropagation();
    open(false);
    button.focus();
  });
  open(false);
  show();
  select.after(button);
  bar.prepend(panel);
  bar.classList.add("has-speed");
}
