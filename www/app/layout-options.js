// The form's settings as the engine's layout options.

/** @typedef {import("../pkg/running_hand.js").LayoutOptions} LayoutOptions */
/** @typedef {import("./link.js").Settings} Settings */

/** Height of an x in millimetres. */
const SIZES = { small: 2.5, medium: 3.2, large: 4.2, fitted: undefined };
/** Millimetres. */
const UNITS = { mm: 1, in: 25.4 };
/** Lines on a sheet that grows with the ink: as many as a screen shows at a readable size. */
export const MAX_ROWS = 24;

/** @param {Settings} settings @returns {LayoutOptions} */
export function layoutOptions(settings) {
  const { paper, ruling, size, pitch, slant, wander } = settings;
  /** @type {LayoutOptions} */
  const options = { ruling, slant, wander, rows: MAX_ROWS };
  options.size = SIZES[size] ?? (pitch === "" ? SIZES.medium : undefined);
  if (pitch !== "") options.pitch = pitch;
  if (paper === "free") return options;
  if (paper === "own") {
    const unit = UNITS[settings.sheetUnit];
    options.paper = [settings.sheetWidth * unit, settings.sheetHeight * unit];
  } else {
    options.paper = paper;
    options.orientation = settings.orientation;
  }
  const { marginTop: top, marginRight: right, marginBottom: bottom, marginLeft: left, firstTop } = settings;
  const margin = Object.fromEntries(Object.entries({ top, right, bottom, left }).filter(([, value]) => value !== ""));
  if (Object.keys(margin).length) options.margin = margin;
  if (firstTop !== "") options.firstTop = firstTop;
  if (settings.mirrorMargins) options.mirrorMargins = true;
  if (settings.unnumbered) options.pageNumbers = false;
  return options;
}
