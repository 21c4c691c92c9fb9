// The requests that the export dialog's worker serves. Types only.

/** @typedef {import("../pkg/running_hand.js").ExportOptions} ExportOptions */
/** @typedef {import("../pkg/files/sheet_file.js").SheetFormat} SheetFormat */
/** @typedef {import("../pkg/files/sheet_file.js").SheetOptions} SheetOptions */
/** @typedef {import("../pkg/files/sheet_file.js").WrittenSheet} WrittenSheet */

/** Pixels, RGBA, and where they lie in their picture. @typedef {{ pixels: Uint8ClampedArray, x: number, y: number, width: number, height: number }} Area */

/**
 * - `fileOfSheets`: sheets in a format that the engine does not write.
 * - `beginGif` takes the finished picture, for its colours. `addToGif` adds a frame that changes an area, and shows it for
 *   so many hundredths of a second. `endGif` returns the file. One GIF is made at a time.
 * @typedef {{
 *   fileOfSheets: {
 *     params: { sheets: WrittenSheet[], format: SheetFormat, options: ExportOptions & SheetOptions },
 *     event: never,
 *     result: Uint8Array<ArrayBuffer>,
 *   },
 *   beginGif: { params: { pixels: Uint8ClampedArray, width: number, height: number, transparent: boolean }, event: never, result: void },
 *   addToGif: { params: Area & { hundredths: number }, event: never, result: void },
 *   endGif: { params: {}, event: never, result: Uint8Array<ArrayBuffer> },
 * }} SheetFileRequests
 */

/** @typedef {import("../engine/client.js").Client<SheetFileRequests>} SheetFileClient */

export {};
