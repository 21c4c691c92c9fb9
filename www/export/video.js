// Videos, by the browser's own encoder (WebCodecs).

import { allWords } from "../words/words.js";
import { pause } from "./picture.js";
import { frames } from "./timeline.js";
import { webm } from "./webm.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./timeline.js").Motion} Motion */

/** @typedef {"mp4" | "webm"} Container */

/**
 * How a moving picture is made.
 * @typedef {object} Making
 * @property {number} size pixels of the longer side
 * @property {number} rate frames in a second
 * @property {Motion} motion
 * @property {AbortSignal} signal
 * @property {(share: number) => void} onProgress gets how much is done, 0 to 1
 */

/** Codecs, the best first. H.264's High, Main and Baseline profile, up to 1080p at 60 frames. */
const CODECS = {
  mp4: ["avc1.64002a", "avc1.4d002a", "avc1.42002a"],
  webm: ["vp09.00.41.08", "vp8"],
};
/** Bits that a pixel of a frame may take, and the least for a second. */
const BITS_PER_PIXEL = 0.12;
const LEAST_BITS = 800_000;
/** Seconds from one keyframe to the next. */
const KEYFRAMES = 4;
/** Frames that wait for the encoder at most. */
const QUEUE = 6;

/**
 * The encoder's settings for a video; `undefined` if this browser has no encoder for it.
 * @param {Container} container @param {number} width @param {number} height @param {number} rate
 * @returns {Promise<VideoEncoderConfig | undefined>}
 */
export async function encoderFor(container, width, height, rate) {
  if (typeof VideoEncoder === "undefined") return undefined;
  for (const codec of CODECS[container]) {
    /** @type {VideoEncoderConfig} */
    const config = {
      codec,
      width,
      height,
      framerate: rate,
      bitrate: Math.max(LEAST_BITS, Math.round(width * height * rate * BITS_PER_PIXEL)),
      ...(container === "mp4" && { avc: { format: "avc" } }),
    };
    const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (supported) return config;
  }
  return undefined;
}

/**
 * @param {Picture} picture @param {Container} container
 * @param {Making & { transparent: boolean }} making `transparent` for WebM alone
 */
export async function video(picture, container, { size, rate, motion, transparent, signal, onProgress }) {
  const density = size / Math.max(picture.width, picture.height);
  // Codecs halve the resolution of colours.
  const { width, height } = picture.pixels(density, 2);
  const config = await encoderFor(container, width, height, rate);
  if (!config) throw new Error(allWords.export.videoTooLarge(width, height));
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  picture.drawGround(context, density);
  // Where nothing is drawn, players show no colour. Around the ink it is the ink's, so that its edges have no other.
  const colours = transparent ? new OffscreenCanvas(width, height) : canvas;
  const broad = transparent ? contextOf(colours) : context;
  if (transparent) {
    broad.fillStyle = "white";
    broad.fillRect(0, 0, width, height);
  }
  const main = new Encoder(config);
  const alpha = transparent ? new Encoder(config) : undefined;
  const schedule = frames(motion, rate).flatMap(({ points, seconds }) => new Array(Math.max(1, Math.round(seconds * rate))).fill(points));
  try {
    let drawn = 0;
    for (const [i, points] of schedule.entries()) {
      signal.throwIfAborted();
      picture.drawInk(context, density, drawn, points);
      if (transparent) picture.drawInk(broad, density, drawn, points, BROAD);
      drawn = points;
      const at = { timestamp: Math.round((i * 1e6) / rate), duration: Math.round(1e6 / rate) };
      const key = i % (KEYFRAMES * rate) === 0;
      await main.encode(new VideoFrame(colours, at), key);
      if (alpha) await alpha.encode(opacity(context, width, height, at), key);
      onProgress(i / schedule.length);
    }
    const chunks = await main.end();
    const masks = await alpha?.end();
    const duration = (schedule.length * 1000) / rate;
    if (container === "mp4") return await mp4(chunks, width, height, rate);
    const encoded = chunks.map(({ chunk }, i) => ({
      data: bytesOf(chunk),
      alpha: masks && bytesOf(masks[i].chunk),
      key: chunk.type === "key",
      time: Math.round(chunk.timestamp / 1000),
    }));
    const codec = config.codec === "vp8" ? "V_VP8" : "V_VP9";
    return webm(encoded, { codec, width, height, rate, duration });
  } finally {
    main.close();
    alpha?.close();
    canvas.width = canvas.height = colours.width = colours.height = 0;
  }
}

/** A line that covers the ink and what is around it. */
const BROAD = /** @type {const} */ ({ tip: "fineliner", nib: 8 });

/** @param {OffscreenCanvas} canvas */
function contextOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(allWords.export.tooLarge(canvas.width, canvas.height));
  return context;
}

/** @param {EncodedVideoChunk} chunk */
function bytesOf(chunk) {
  const bytes = new Uint8Array(chunk.byteLength);
  chunk.copyTo(bytes);
  return bytes;
}

/**
 * A frame whose brightness is a picture's opacity.
 * @param {OffscreenCanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {{ timestamp: number, duration: number }} at
 */
function opacity(context, width, height, at) {
  const { data } = context.getImageData(0, 0, width, height);
  // Brightness of each pixel, then the two planes of colour, a quarter as large, in which 128 is grey.
  const planes = new Uint8Array((width * height * 3) / 2).fill(128);
  for (let i = 0; i < width * height; i++) planes[i] = data[4 * i + 3];
  return new VideoFrame(planes, { format: "I420", codedWidth: width, codedHeight: height, ...at });
}

/** An encoder that keeps what it encodes. */
class Encoder {
  /** @type {{ chunk: EncodedVideoChunk, meta: EncodedVideoChunkMetadata | undefined }[]} */ #chunks = [];
  /** @type {unknown} */ #failure;
  #encoder;

  /** @param {VideoEncoderConfig} config */
  constructor(config) {
    this.#encoder = new VideoEncoder({
      output: (chunk, meta) => this.#chunks.push({ chunk, meta }),
      error: (error) => (this.#failure = error),
    });
    this.#encoder.configure(config);
  }

  /** Takes a frame; waits while too many wait. @param {VideoFrame} frame @param {boolean} keyFrame */
  async encode(frame, keyFrame) {
    if (this.#failure) throw this.#failure;
    this.#encoder.encode(frame, { keyFrame });
    frame.close();
    while (this.#encoder.encodeQueueSize > QUEUE && !this.#failure) await pause();
  }

  /** What came of all frames. */
  async end() {
    await this.#encoder.flush();
    if (this.#failure) throw this.#failure;
    return this.#chunks;
  }

  close() {
    if (this.#encoder.state !== "closed") this.#encoder.close();
  }
}

/**
 * @param {{ chunk: EncodedVideoChunk, meta: EncodedVideoChunkMetadata | undefined }[]} chunks
 * @param {number} width @param {number} height @param {number} frameRate
 */
async function mp4(chunks, width, height, frameRate) {
  const { ArrayBufferTarget, Muxer } = await import("./libraries/mp4-muxer.js");
  const target = new ArrayBufferTarget();
  const muxer = new Muxer({ target, video: { codec: "avc", width, height, frameRate }, fastStart: "in-memory" });
  for (const { chunk, meta } of chunks) muxer.addVideoChunk(chunk, meta);
  muxer.finalize();
  return new Blob([target.buffer], { type: "video/mp4" });
}
