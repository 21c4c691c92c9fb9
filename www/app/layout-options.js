// The form's settings as the engine's layout options.

/** @typedef {import("../pkg/running_hand.js").LayoutOptions} LayoutOptions */
/** @typedef {import("./link.js").Settings} Settings */

/** Height of an x in millimetres. */
const SIZES = { small: 2.5, medium: 3.2, large: 4.2 };
/** Lines on a sheet that grows with the ink: as many as a screen shows at a readable size. */
const MAX_ROWS = 24;

/** @param {Settings} settings @returns {LayoutOptions} */
export function layoutOptions({ paper, orientation, ruling, size, slant, wander }) {
  return { paper, orientation, ruling, size: SIZES[size], slant, unsteadiness: wander, rows: MAX_ROWS };
}
