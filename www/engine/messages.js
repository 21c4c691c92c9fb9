// The protocol between a page and its workers, and the requests that each kind of worker serves. Types only: client.js
// and server.js are the two ends.

/** @typedef {import("../pkg/running_hand.js").EngineChoice} EngineChoice */
/** @typedef {import("../pkg/running_hand.js").ExportFormat} ExportFormat */
/** @typedef {import("../pkg/running_hand.js").ExportOptions} ExportOptions */
/** @typedef {import("../pkg/running_hand.js").Finish} Finish */
/** @typedef {import("../pkg/running_hand.js").KeptHand} KeptHand */
/** @typedef {import("../pkg/running_hand.js").Frame} Frame */
/** @typedef {import("../pkg/running_hand.js").FrameOptions} FrameOptions */
/** @typedef {import("../pkg/running_hand.js").LayoutOptions} LayoutOptions */
/** @typedef {import("../pkg/running_hand.js").PlacedInk} PlacedInk */
/** @typedef {import("../pkg/running_hand.js").Sheet} Sheet */
/** @typedef {import("../pkg/running_hand.js").Snapshots} Snapshots */
/** @typedef {import("../pkg/running_hand.js").RunningHand} RunningHand */
/** @typedef {import("../pkg/running_hand.js").Writing} Writing */
/** @typedef {import("../pkg/running_hand.js").Plan} Plan */
/** @typedef {import("../pkg/running_hand.js").ReadInk} ReadInk */
/** @typedef {import("../pkg/running_hand.js").Replacement} Replacement */
/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */

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
 * To the client: an event or the end of the request `id`, or a notice that belongs to no request. `code` and `values` are
 * those of a `CodedError`.
 * @typedef {{ id: number, event: unknown } | { id: number, result: unknown } | { id: number, error: string,
 *   code?: string, values?: Record<string, unknown> }
 *   | { notice: unknown }} ReplyMessage
 */

/** Ink on its pages, and their sheet, which may grow with the ink. @typedef {{ ink: PlacedInk[], sheet: Sheet }} InkOnPages */

/**
 * What comes while a text is written: "plan" first, "doubtful" (words that may be hard to read) last, if there are any.
 * @typedef {{ type: "plan", plan: Plan, sheet: Sheet } | ({ type: "ink" } & InkOnPages) | { type: "doubtful", words: string[] }} WriteEvent
 */

/**
 * worker.js.
 * - `open` starts the engine and loads the synthesis network; its events tell how many bytes of it have come (`total`
 *   is 0 if unknown). `build` is the version of the page's scripts. Unless `lazy`, the prediction network is loaded
 *   afterwards in the background.
 * - `write` ends the text before. Without text the prediction network writes. With a number as `take`, the text is kept
 *   until `release` of that number; `recall` makes it the text written last again, and returns whether it is there.
 * - `preview` writes a few words beside the text written last, which stays; it ends what is being written.
 * - `review`: what of a text cannot be written as it stands.
 * - `layOut` places the ink of the text written last anew, and later ink of this text with the same options. Without a
 *   text it returns an empty sheet. `truncate` keeps only the text's first points. `frame` and `exportPage` are about one
 *   of its pages.
 * - `fittingColumns`: how many characters fit in a line.
 * - `loadWeights` replaces a network with that of a file.
 * - `inspect` replays at most `limit` steps, from step `from`, of the line that contains `point`; see `Snapshots`.
 *   `undefined` if nothing has been written.
 * @typedef {{
 *   open: {
 *     params: { engine: EngineChoice, build: string, lazy?: boolean },
 *     event: { loaded: number, total: number },
 *     result: { styles: string[], fingerprint: string },
 *   },
 *   write: {
 *     params: { text: string, options: WriteOptions, take?: number },
 *     event: WriteEvent,
 *     result: Finish | undefined,
 *   },
 *   recall: { params: { take: number }, event: never, result: boolean },
 *   release: { params: { take: number }, event: never, result: void },
 *   preview: { params: { text: string, options: WriteOptions }, event: never, result: PlacedInk[] },
 *   review: { params: { text: string }, event: never, result: Replacement[] },
 *   loadWeights: {
 *     params: { bytes: Uint8Array, name: string },
 *     event: never,
 *     result: { kind: "synthesis" | "prediction", styles: string[], fingerprint: string },
 *   },
 *   inspect: {
 *     params: { point: number, line: number, from: number, limit: number },
 *     event: never,
 *     result: Snapshots | undefined,
 *   },
 *   readInk: { params: { strokes: KeptHand["strokes"], text: string, check: boolean }, event: never, result: ReadInk },
 *   handToFile: { params: { hand: KeptHand }, event: never, result: string },
 *   handFromFile: { params: { bytes: Uint8Array }, event: never, result: KeptHand },
 *   layOut: { params: { layout: LayoutOptions }, event: never, result: InkOnPages },
 *   truncate: { params: { count: number }, event: never, result: void },
 *   fittingColumns: { params: { layout: LayoutOptions, letterWidth: number | undefined }, event: never, result: number },
 *   frame: { params: { page: number, options: FrameOptions }, event: never, result: Frame },
 *   exportPage: {
 *     params: { page: number, format: ExportFormat, options: ExportOptions & FrameOptions },
 *     event: never,
 *     result: string,
 *   },
 * }} EngineRequests
 */

/** Notice of worker.js: which engine writes, and what users should know about it. @typedef {{ label: string, notice: string }} EngineNotice */

/**
 * A line that another engine writes: its number among the lines of the text, and its index under the seed.
 * @typedef {{ number: number, line: number, text: string }} LineClaim
 */

/** A line as `writeLine` returns it: 9 numbers a step, for `completeLine`. @typedef {{ steps: Float32Array, finish: Finish }} WrittenLine */

/**
 * What the package's public types leave out: lines of a text can be written by other engines with the same weights.
 * @typedef {RunningHand & {
 *   hasPool: boolean,
 *   writeLine(text: string, line: number, options: WriteOptions): Promise<WrittenLine>,
 * }} PoolEngine
 * @typedef {Writing & {
 *   claimLine(): LineClaim | undefined,
 *   completeLine(number: number, written: WrittenLine | undefined): boolean,
 *   readonly isWaiting: boolean,
 * }} PoolWriting
 */

/**
 * pool-worker.js. A line is refused if `fingerprint` is not that of the weights that were set last.
 * @typedef {{
 *   setWeights: { params: { bytes: Uint8Array, name: string }, event: never, result: void },
 *   writeLine: { params: { claim: LineClaim, options: WriteOptions, fingerprint: string }, event: never, result: WrittenLine },
 * }} PoolRequests
 */

export {};
