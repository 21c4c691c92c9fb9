// The protocol between a page and its workers, and what each kind of worker can be asked. Types only: client.js and
// server.js are the two ends.

/** @typedef {import("../pkg/running_hand.js").EngineChoice} EngineChoice */
/** @typedef {import("../pkg/running_hand.js").ExportFormat} ExportFormat */
/** @typedef {import("../pkg/running_hand.js").ExportOptions} ExportOptions */
/** @typedef {import("../pkg/running_hand.js").Finish} Finish */
/** @typedef {import("../pkg/running_hand.js").KeptHand} KeptHand */
/** @typedef {import("../pkg/running_hand.js").Loan} Loan */
/** @typedef {import("../pkg/running_hand.js").Moments} Moments */
/** @typedef {import("../pkg/running_hand.js").Plan} Plan */
/** @typedef {import("../pkg/running_hand.js").ReadInk} ReadInk */
/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */
/** @typedef {import("../pkg/running_hand.js").WrittenLine} WrittenLine */

/**
 * The requests that a worker serves, by type: their parameters, the events that may come before the result, and the
 * result.
 * @typedef {Record<string, { params: any, event: any, result: any }>} RequestMap
 */

/**
 * From the client. `id` numbers the requests of one client, from 1; "cancel" refers to an earlier request.
 * @typedef {{ id: number, type: string, params?: unknown } | { id: number, type: "cancel" }} RequestMessage
 */

/**
 * To the client: an event or the end of the request `id`, or a notice that belongs to no request.
 * @typedef {{ id: number, event: unknown } | { id: number, result: unknown } | { id: number, error: string }
 *   | { notice: unknown }} ReplyMessage
 */

/**
 * What comes while a text is written. `points` are triples x, y, pen (1 where a stroke ends); all are on line `row`.
 * @typedef {{ type: "plan", plan: Plan } | { type: "points", points: Float32Array, row: number }} WriteEvent
 */

/**
 * worker.js.
 * - `open` starts the engine and loads the synthesis network; its events tell how many bytes of it have come (`total`
 *   is 0 if unknown). `build` is the version of the page's scripts. Unless `lazy`, the prediction network is loaded
 *   afterwards in the background.
 * - `write` ends the text before. Without text the prediction network writes.
 * - `loadWeights` replaces a network with that of a file.
 * - `inspect` replays at most `most` steps, from step `from`, of the line that contains `point`; see `Moments`.
 *   `undefined` if nothing has been written.
 * @typedef {{
 *   open: {
 *     params: { engine: EngineChoice, build: string, lazy?: boolean },
 *     event: { loaded: number, total: number },
 *     result: { styles: string[], fingerprint: string },
 *   },
 *   write: { params: { text: string, options: WriteOptions }, event: WriteEvent, result: Finish | undefined },
 *   loadWeights: {
 *     params: { bytes: Uint8Array, name: string },
 *     event: never,
 *     result: { kind: "synthesis" | "prediction", styles: string[], fingerprint: string },
 *   },
 *   inspect: {
 *     params: { point: number, line: number, from: number, most: number },
 *     event: never,
 *     result: Moments | undefined,
 *   },
 *   readInk: { params: { strokes: KeptHand["strokes"], text: string, check: boolean }, event: never, result: ReadInk },
 *   handToFile: { params: { hand: KeptHand }, event: never, result: string },
 *   handFromFile: { params: { bytes: Uint8Array }, event: never, result: KeptHand },
 *   export: {
 *     params: { points: Float32Array, format: ExportFormat, options: ExportOptions },
 *     event: never,
 *     result: string,
 *   },
 * }} EngineRequests
 */

/** Notice of worker.js: which engine writes, and what users should know about it. @typedef {{ label: string, notice: string }} EngineNotice */

/**
 * pool-worker.js. A line is refused if `fingerprint` is not that of the weights that were set last.
 * @typedef {{
 *   setWeights: { params: { bytes: Uint8Array, name: string }, event: never, result: void },
 *   writeLine: { params: { claim: Loan, options: WriteOptions, fingerprint: string }, event: never, result: WrittenLine },
 * }} PoolRequests
 */

export {};
