// The engine's worker: writing, inspecting, reading ink and exporting, off the page's main thread. messages.js lists
// the requests (`EngineRequests`). One text is written at a time; a new one ends the one before.

import init, { Inspector, RunningHand, handFromFile, handToFile } from "../pkg/running_hand.js";
import { site } from "../util/site-files.js";
import { CodedError } from "./errors.js";
import { LinePool } from "./line-pool.js";
import { notify, serve } from "./server.js";
import { weights } from "./weights.js";

/** @typedef {import("./messages.js").EngineNotice} EngineNotice */
/** @typedef {import("./messages.js").EngineRequests} EngineRequests */
/** @typedef {import("./messages.js").PoolEngine} PoolEngine */
/** @typedef {import("./messages.js").PoolWriting} PoolWriting */
/** @typedef {import("../pkg/running_hand.js").Network} Network */
/** @typedef {import("../pkg/running_hand.js").PlacedInk} PlacedInk */
/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */

/** Written to warm up: long enough that the browser's optimising compiler has seen everything that runs often. */
const WARM_UP_TEXT = "Something that nobody sees";
/** Milliseconds before the warm-up, in which a visitor who is quick can begin a text. */
const WARM_UP_DELAY = 200;

/** @type {Promise<RunningHand>} */
let opened;
/** The two networks, each from when its download begins. @type {Record<string, Promise<Network> | undefined>} */
const networks = {};
/** Which of the site's own networks are loaded. */
const loaded = new Set();
/** Whether a text has been requested. */
let textRequested = false;
/** Tells the latest `write` request from older ones. @type {AbortSignal | undefined} */
let latest;
/** @typedef {import("../pkg/running_hand.js").Writing} Writing */
/** The text on the page: the one to be laid out, exported and inspected. @type {Writing | undefined} */
let lastWriting;
/** Its inspector. @type {Inspector | undefined} */
let inspector;
/** Texts that the page keeps, to return to them. @type {Map<number, Writing>} */
const takes = new Map();

/** Compiles the module, and says why if that fails. */
async function loadModule() {
  try {
    await init();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // What forbids WebAssembly is told apart from a bad module only by the browsers' messages.
    if (/content security policy|unsafe-eval|\bCSP\b/i.test(reason)) throw new CodedError("moduleForbidden", { reason });
    const missing = error instanceof TypeError || reason.startsWith("failed to fetch");
    throw new CodedError(missing ? "moduleMissing" : "moduleRefused", { reason });
  }
}

const pool = new LinePool();
/** The pool's work on the text that is being written. @type {import("./line-pool.js").PoolRun | undefined} */
let poolRun;

/** Texts whose `write` request is running. @type {Set<Writing>} */
const active = new Set();

/** Frees a text that nothing needs any more. @param {Writing | undefined} writing */
function freeUnused(writing) {
  if (!writing || writing === lastWriting || active.has(writing)) return;
  if ([...takes.values()].includes(writing)) return;
  writing.free();
}

/** Makes a text the one on the page. @param {Writing} writing */
function keep(writing) {
  const before = lastWriting;
  lastWriting = writing;
  inspector?.free();
  inspector = new Inspector(writing);
  if (before !== writing) freeUnused(before);
}

/** The text on the page; throws if there is none. */
function written() {
  if (!lastWriting) throw new CodedError("nothingWritten");
  return lastWriting;
}

/**
 * The ink of a writing as it comes. Iterating over the writing itself would make a second handle of it, which keeps all
 * of its memory until the browser collects it.
 * @param {import("../pkg/running_hand.js").Writing} writing
 */
async function* inkOf(writing) {
  for (;;) {
    const { value, done } = await writing.next();
    if (done) return;
    yield value;
  }
}

/** The buffers of points, which go with their message. @param {PlacedInk[]} ink */
const buffersOf = (ink) => ink.map(({ points }) => points.buffer);

/** The last notice that was sent. */
let notified = "";

/** Tells the page which engine writes, if that has changed. @param {RunningHand} runningHand */
function notifyEngine({ engine: label, notice }) {
  if (notified === label + notice) return;
  notified = label + notice;
  notify(/** @type {EngineNotice} */ ({ label, notice }));
}

/**
 * Loads one of the site's networks when it is first needed. A download that failed is tried again the next time.
 * @param {"synthesis" | "prediction"} kind
 * @param {(loaded: number, total: number) => void} [progress]
 */
function network(kind, progress) {
  const load = async () => {
    const bytes = await weights(`weights/${kind}.safetensors`, progress);
    const network = await (await opened).loadBytes(bytes, `${kind}.safetensors`, kind);
    if (kind === "synthesis") pool.setWeights(bytes, `${kind}.safetensors`);
    loaded.add(kind);
    return network;
  };
  return (networks[kind] ??= load().catch((error) => {
    delete networks[kind];
    throw error;
  }));
}

/**
 * Writes a line that is not shown. Browsers first compile WebAssembly quickly and optimise what runs often later;
 * without the warm-up the first line waits for that. A text that is requested meanwhile ends it.
 * @param {RunningHand} runningHand
 */
async function warmUp(runningHand) {
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_DELAY));
  if (textRequested) return;
  const writing = await runningHand.write(WARM_UP_TEXT);
  for await (const _ of inkOf(writing));
  writing.free();
}

/** What follows `open`; its errors are reported by the requests that run into them. @param {boolean} lazy */
async function prepare(lazy) {
  await warmUp(await opened).catch(() => {});
  if (!lazy) await network("prediction").catch(() => {});
}

serve(
  /** @type {import("./server.js").Handlers<EngineRequests>} */ ({
    async open({ engine, build, lazy = false }, { emit }) {
      if (build !== site.build) {
        throw new CodedError("otherVersion");
      }
      opened = loadModule().then(() => RunningHand.open(engine));
      let shown = 0;
      // The module and the weights are downloaded at the same time.
      const synthesis = network("synthesis", (loaded, total) => {
        // Chunks come by the thousand; a progress bar needs a hundred. A second attempt begins at 0 again.
        if (loaded < total && loaded >= shown && loaded < shown + total / 100) return;
        shown = loaded;
        emit({ loaded, total });
      });
      // Awaited below: an error of the engine is to be reported first.
      synthesis.catch(() => {});
      const runningHand = await opened;
      notifyEngine(runningHand);
      const { fingerprint } = await synthesis;
      // The CPU engine writes at once; whether there is a GPU is known later.
      void runningHand.settled().then(() => notifyEngine(runningHand));
      void prepare(lazy);
      return { styles: runningHand.styles(), fingerprint };
    },

    async write({ text, options, take }, { signal, emit }) {
      textRequested = true;
      const runningHand = await opened;
      await network(text.trim() === "" ? "prediction" : "synthesis");
      if (signal.aborted) return "cancelled";
      poolRun?.end();
      latest = signal;
      /** @type {import("./line-pool.js").PoolRun | undefined} */
      let run;
      signal.addEventListener("abort", () => {
        run?.end();
        // `cancel` ends whatever is being written, which may be a newer text.
        if (latest === signal) runningHand.cancel();
      });
      /** @type {PoolEngine} */ (runningHand).hasPool = pool.available;
      const writing = await runningHand.write(text, options);
      if (signal.aborted) {
        // A newer text may be kept already.
        writing.free();
        return "cancelled";
      }
      active.add(writing);
      if (take !== undefined) takes.set(take, writing);
      keep(writing);
      const { plan } = writing;
      emit({ type: "plan", plan, sheet: writing.sheet });
      notifyEngine(runningHand);
      const shared = pool.available && plan.lines.length > 1 && runningHand.engine.startsWith("CPU");
      try {
        for await (const ink of inkOf(writing)) {
          // A newer text may have begun.
          if (signal.aborted) break;
          const idle = ink.length === 0;
          if (!idle) emit({ type: "ink", ink, sheet: writing.sheet }, buffersOf(ink));
          notifyEngine(runningHand);
          // Not before the first ink: a worker that starts takes a core, which that ink and its frame need.
          if (shared && !run && !idle) poolRun = run = pool.start(/** @type {PoolWriting} */ (writing), options, plan);
          await run?.exchange(idle);
        }
        const { doubtful } = writing;
        if (doubtful.length) emit({ type: "doubtful", words: doubtful });
        return writing.finish;
      } finally {
        run?.end();
        active.delete(writing);
        freeUnused(writing);
      }
    },

    recall({ take }) {
      const writing = takes.get(take);
      if (!writing) return false;
      keep(writing);
      return true;
    },

    release({ take }) {
      const writing = takes.get(take);
      takes.delete(take);
      freeUnused(writing);
    },

    async preview({ text, options }, { signal }) {
      const runningHand = await opened;
      await network("synthesis");
      if (signal.aborted) return [];
      const writing = await runningHand.write(text, options);
      /** @type {PlacedInk[]} */
      const ink = [];
      for await (const pieces of inkOf(writing)) {
        // A newer preview, or a text, has begun.
        if (signal.aborted) break;
        ink.push(...pieces);
      }
      writing.free();
      return ink;
    },

    async review({ text }) {
      const runningHand = await opened;
      await network("synthesis");
      return runningHand.review(text);
    },

    async layOut({ layout }, { transfer }) {
      await opened;
      if (!lastWriting) return { ink: [], sheet: RunningHand.emptySheet(layout) };
      const ink = lastWriting.layOut(layout);
      transfer.push(...buffersOf(ink));
      return { ink, sheet: lastWriting.sheet };
    },

    truncate: ({ count }) => lastWriting?.truncate(count),

    async fittingColumns({ layout, letterWidth }) {
      await opened;
      return RunningHand.fittingColumns(layout, letterWidth);
    },

    frame: ({ page, options }) => written().frame(page, options),
    exportPage: ({ page, format, options }) => written().exportPage(page, format, options),

    async loadWeights({ bytes, name }) {
      const runningHand = await opened;
      const before = new Set(loaded);
      const network = await runningHand.loadBytes(bytes, name);
      const { kind, fingerprint } = network;
      // The site's own network, if it was still being downloaded, would replace this one: load this one after it.
      const download = before.has(kind) ? undefined : networks[kind];
      if (await download?.catch(() => undefined)) await runningHand.loadBytes(bytes, name);
      networks[kind] = Promise.resolve(network);
      if (kind === "synthesis") pool.setWeights(bytes, name);
      return { kind, styles: runningHand.styles(), fingerprint };
    },

    async inspect({ point, line, from, limit }, { transfer }) {
      const found = await inspector?.snapshots(point, line, from, limit);
      if (found) transfer.push(found.snapshots.buffer);
      return found;
    },

    async readInk({ strokes, text, check }) {
      const runningHand = await opened;
      await networks.synthesis;
      return runningHand.readInk(strokes, text, check);
    },

    async handToFile({ hand }) {
      await opened;
      return handToFile(hand);
    },

    async handFromFile({ bytes }) {
      await opened;
      return handFromFile(bytes);
    },
  }),
);
