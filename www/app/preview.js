// While a slider is moved, a word above it shows what it does.

import { draw } from "../sheet/pens.js";
import { html } from "../util/dom.js";
import { boundsOf } from "./takes.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("../pkg/running_hand.js").PlacedInk} PlacedInk */

/** Sliders that change what is written. What the others do is seen on the sheet. */
const SLIDERS = ["bias", "temperature", "share"];
/** Letters of the word. */
const MOST_LETTERS = 9;
/** The word where the text has none. */
const WORD = "hand";
/** Milliseconds that the word stays after the slider's last move. */
const STAY = 1600;
/** Size of the picture in CSS pixels. */
const PICTURE = { width: 190, height: 76, margin: 12 };

/** @param {App} app @param {Form} form */
export function mountPreview(app, form) {
  const canvas = html("canvas", { className: "preview", hidden: true });
  canvas.setAttribute("aria-hidden", "true");
  let hiding = 0;
  /** The request that is running. @type {AbortController | undefined} */ let running;
  /** Whether the slider was moved meanwhile. */ let again = false;
  const word = () => {
    const words = form.settings.text.match(/[\p{L}\p{M}’']+/gu) ?? [];
    return [...(words.find((word) => word.length > 3) ?? words[0] ?? WORD)].slice(0, MOST_LETTERS).join("");
  };
  const write = async () => {
    if (running) {
      again = true;
      return;
    }
    running = new AbortController();
    try {
      const ink = await app.preview(word(), running.signal);
      if (ink?.length) show(canvas, ink, form);
    } catch {
      // A text was begun, or the engine is gone, which the status line says.
    }
    running = undefined;
    if (again) {
      again = false;
      await write();
    }
  };
  for (const id of SLIDERS) {
    const slider = /** @type {HTMLInputElement} */ (document.getElementById(id));
    slider.addEventListener("input", () => {
      if (!app.ready || !form.hasText) return;
      if (canvas.nextElementSibling !== slider) slider.before(canvas);
      clearTimeout(hiding);
      hiding = setTimeout(() => {
        canvas.hidden = true;
      }, STAY);
      void write();
    });
  }
  app.addEventListener("cleared", () => {
    again = false;
    running?.abort();
  });
}

/** @param {HTMLCanvasElement} canvas @param {PlacedInk[]} pieces @param {Form} form */
function show(canvas, pieces, form) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const points = new Float32Array(pieces.reduce((sum, piece) => sum + piece.points.length, 0));
  let at = 0;
  for (const piece of pieces) {
    points.set(piece.points, at);
    at += piece.points.length;
  }
  const ratio = devicePixelRatio || 1;
  const { width, height, margin } = PICTURE;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const box = boundsOf(points, 0, points.length / 3);
  const [w, h] = [box.right - box.left, box.bottom - box.top];
  const scale = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h, 0.14) * ratio;
  const [x, y] = [(canvas.width - w * scale) / 2, (canvas.height - h * scale) / 2];
  context.setTransform(scale, 0, 0, scale, x - box.left * scale, y - box.top * scale);
  draw(context, points, 0, 0, points.length / 3, form.settings, scale, (1.2 * ratio) / scale);
  canvas.hidden = false;
}
