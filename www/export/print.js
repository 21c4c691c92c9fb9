// Printing: each sheet on a page of its own, at its true size, as vector paths.

import { paths } from "../sheet/pens.js";
import { rulesOf } from "../sheet/rules.js";
import { element, svg } from "../util/dom.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").Sheet} SheetGeometry */

/** Width of a printed dot in millimetres. */
const DOT_MM = 0.5;

/** @param {App} app */
export function mountPrint(app) {
  const print = element("print", HTMLElement);
  const size = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, size];
  addEventListener("beforeprint", () => {
    const { paper } = app.settings;
    const { width, height, unit } = app.ink.sheet;
    // The paper of the printer is that of the sheets, of any size, unless they have none of their own.
    size.replaceSync(paper === "free" ? "" : `@page { size: ${mm(width * unit)} ${mm(height * unit)}; margin: 0; }`);
    print.replaceChildren(...pictures(app));
  });
  addEventListener("afterprint", () => {
    size.replaceSync("");
    print.replaceChildren();
  });
}

/** A length in CSS. @param {number} length in millimetres */
const mm = (length) => `${Number(length.toFixed(3))}mm`;

/** A picture of every sheet. @param {App} app */
function pictures(app) {
  const { settings } = app;
  return app.pages().map(({ points, sheet }, page) => {
    const { width, height, unit } = sheet;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "print-page" });
    if (settings.paper === "free") {
      picture.classList.add("print-free");
    } else {
      picture.setAttribute("width", mm(width * unit));
      picture.setAttribute("height", mm(height * unit));
    }
    picture.append(...printed(sheet, page));
    const ink = svg("g", { fill: "none", stroke: settings.ink, "stroke-linecap": "round", "stroke-linejoin": "round" });
    if (settings.tip === "pencil") ink.setAttribute("opacity", "0.75");
    for (const [width, path] of paths(points, 0, points.length / 3, settings)) {
      ink.append(svg("path", { d: path, "stroke-width": width }));
    }
    picture.append(ink);
    return picture;
  });
}

/** The rules of a page: at most one path. @param {SheetGeometry} sheet @param {number} page @returns {SVGElement[]} */
function printed(sheet, page) {
  const { width, height, unit } = sheet;
  const { across, upright, dotted } = rulesOf(sheet, page);
  if (!across.length && !upright.length) return [];
  if (dotted) {
    // Dots are dashes without a length.
    const dots = {
      d: across.map((y) => `M${upright[0]} ${y}H${width}`).join(""),
      "stroke-dasharray": `0 ${upright[1] - upright[0]}`,
      "stroke-width": DOT_MM / unit,
      "stroke-linecap": "round",
    };
    return upright.length > 1 ? [svg("path", { ...dots, class: "print-rule" })] : [];
  }
  const d = [...across.map((y) => `M0 ${y}H${width}`), ...upright.map((x) => `M${x} 0V${height}`)].join("");
  return [svg("path", { d, "stroke-width": 8, class: "print-rule" })];
}
