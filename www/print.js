// Printing: every sheet on paper of its own, at its true size, as lines that stay sharp.

import { element, svg } from "./dom.js";
import { rules } from "./paper.js";
import { paths } from "./pens.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** @param {Desk} desk */
export function mountPrint(desk) {
  const print = element("print", HTMLElement);
  addEventListener("beforeprint", () => print.replaceChildren(...pictures(desk)));
  addEventListener("afterprint", () => print.replaceChildren());
}

/** A picture of every page. @param {Desk} desk */
export function pictures(desk) {
  const { look, paperSize } = desk;
  return desk.pages().map(({ points, measures }) => {
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
