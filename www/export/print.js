// Printing: every sheet on paper of its own, at its true size, as lines that stay sharp.

import { element, svg } from "../util/dom.js";
import { rules } from "../sheet/layout.js";
import { paths } from "../sheet/pens.js";

/** @typedef {import("../app/app.js").App} App */

/** @param {App} app */
export function mountPrint(app) {
  const print = element("print", HTMLElement);
  addEventListener("beforeprint", () => print.replaceChildren(...pictures(app)));
  addEventListener("afterprint", () => print.replaceChildren());
}

/** A picture of every page. @param {App} app */
export function pictures(app) {
  const { look, paperSize } = app;
  return app.pages().map(({ points, measures }) => {
    const { width, height } = measures;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}` });
    const name = look.paper === "free" ? "free" : `${look.paper}-${look.orientation}`;
    picture.setAttribute("class", `print-page print-${name}`);
    if (paperSize) {
      picture.setAttribute("width", `${paperSize[0]}mm`);
      picture.setAttribute("height", `${paperSize[1]}mm`);
    }
    const { across, upright } = rules(look, measures);
    const grid = [...across.map((y) => `M0 ${y}H${width}`), ...upright.map((x) => `M${x} 0V${height}`)].join("");
    if (grid) picture.append(svg("path", { d: grid, class: "print-rule" }));
    const ink = svg("g", { fill: "none", stroke: look.ink, "stroke-linecap": "round", "stroke-linejoin": "round" });
    if (look.tip === "pencil") ink.setAttribute("opacity", "0.75");
    for (const [breadth, path] of paths(points, 0, points.length / 3, look)) {
      ink.append(svg("path", { d: path, "stroke-width": breadth }));
    }
    picture.append(ink);
    return picture;
  });
}
