// What answers while one types, moves a slider or returns to a take: loaded when the first ink is on its way.

import { element } from "../util/dom.js";
import { followPen } from "./follow.js";
import { mountPreview } from "./preview.js";
import { mountSpeedBar } from "./speed-bar.js";
import { Takes } from "./takes.js";
import { markUnwritable } from "./unwritable.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./form.js").Form} Form */

/** @param {App} app @param {Form} form */
export function mountLive(app, form) {
  markUnwritable(app, element("text", HTMLTextAreaElement));
  followPen(app, element("pen", SVGElement));
  mountPreview(app, form);
  mountSpeedBar();
  return new Takes(app, form, element("takes", HTMLElement));
}
