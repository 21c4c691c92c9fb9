// Printing: each sheet on a page of its own, at its true size, as vector paths.

import { paths } from "../sheet/pens.js";
import { element, svg } from "../util/dom.js";

/** @typedef {import("../app/app.js").App} App */

/** @param {App} app */
export function mountPrint(app) {
  const print = element("print", HTMLElement);
  addEventListener("beforeprint", () => print.replaceChildren(...pictures(app)));
  addEventListener("afterprint", () => print.replaceChildren());
}

/** A picture of every sheet. @param {App} app */
function pictures(app) {
  const { settings } = app;
  return app.pages().map(({ points, sheet }) => {
    const { width, height, rules } = sheet;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}` });
    // print.css has a page of the right size for each.
    const name = settings.paper === "free" ? "free" : `${settings.paper}-${settings.orientation}`;
    picture.setAttribute("class", `print-page print-${name}`);
    if (settings.paper !== "free") {
      picture.setAttribute("width", `${width * sheet.unit}mm`);
      picture.setAttribute("height", `${height * sheet.unit}mm`);
    }
    const { across, upright } = rules;
    const grid = [...across.map((y) => `M0 ${y}H${width}`), ...upright.map((x) => `M${x} 0V${height}`)].join("");
    if (grid) picture.append(svg("path", { d: grid, class: "print-rule" }));
    const ink = svg("g", { fill: "none", stroke: settings.ink, "stroke-linecap": "round", "stroke-linejoin": "round" });
    if (settings.tip === "pencil") ink.setAttribute("opacity", "0.75");
    for (const [width, path] of paths(points, 0, points.length / 3, settings)) {
      ink.append(svg("path", { d: path, "stroke-width": width }));
    }
    picture.append(ink);
    return picture;
  });
}
