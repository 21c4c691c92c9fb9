// Writes WebM (https://www.webmproject.org/docs/container/): the parts of Matroska that a video without sound needs, and
// a second layer for transparency, which muxers under a permissive licence lack.

/** Identifiers of elements. */
const ID = {
  ebml: 0x1a45dfa3, ebmlVersion: 0x4286, ebmlReadVersion: 0x42f7, maxIdLength: 0x42f2, maxSizeLength: 0x42f3,
  docType: 0x4282, docTypeVersion: 0x4287, docTypeReadVersion: 0x4285,
  segment: 0x18538067, info: 0x1549a966, timestampScale: 0x2ad7b1, duration: 0x4489, muxingApp: 0x4d80, writingApp: 0x5741,
  tracks: 0x1654ae6b, trackEntry: 0xae, trackNumber: 0xd7, trackUid: 0x73c5, trackType: 0x83, flagLacing: 0x9c,
  codecId: 0x86, defaultDuration: 0x23e383, maxBlockAdditionId: 0x55ee, video: 0xe0, pixelWidth: 0xb0, pixelHeight: 0xba,
  alphaMode: 0x53c0,
  cluster: 0x1f43b675, timestamp: 0xe7, simpleBlock: 0xa3, blockGroup: 0xa0, block: 0xa1, referenceBlock: 0xfb,
  blockAdditions: 0x75a1, blockMore: 0xa6, blockAddId: 0xee, blockAdditional: 0xa5,
  cues: 0x1c53bb6b, cuePoint: 0xbb, cueTime: 0xb3, cueTrackPositions: 0xb7, cueTrack: 0xf7, cueClusterPosition: 0xf1,
};

/** Flag of a simple block with which decoding can begin. */
const KEYFRAME = 0x80;

/**
 * An encoded frame; `alpha` is its transparency, encoded likewise. `time` is in milliseconds.
 * @typedef {{ data: Uint8Array<ArrayBuffer>, alpha?: Uint8Array<ArrayBuffer>, key: boolean, time: number }} EncodedFrame
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/**
 * A file of frames, the first of which is a keyframe.
 * @param {EncodedFrame[]} frames in order
 * @param {{ codec: "V_VP8" | "V_VP9", width: number, height: number, rate: number, duration: number }} video `rate` in
 *   frames a second, `duration` in milliseconds
 */
export function webm(frames, { codec, width, height, rate, duration }) {
  const transparent = frames.some(({ alpha }) => alpha);
  const header = element(ID.ebml, [
    number(ID.ebmlVersion, 1),
    number(ID.ebmlReadVersion, 1),
    number(ID.maxIdLength, 4),
    number(ID.maxSizeLength, 8),
    text(ID.docType, "webm"),
    number(ID.docTypeVersion, 4),
    number(ID.docTypeReadVersion, 2),
  ]);
  const info = element(ID.info, [
    // Timestamps are in milliseconds.
    number(ID.timestampScale, 1_000_000),
    float(ID.duration, duration),
    text(ID.muxingApp, "running-hand"),
    text(ID.writingApp, "running-hand"),
  ]);
  const picture = [number(ID.pixelWidth, width), number(ID.pixelHeight, height)];
  if (transparent) picture.push(number(ID.alphaMode, 1));
  const track = [
    number(ID.trackNumber, 1),
    number(ID.trackUid, 1),
    number(ID.trackType, 1),
    number(ID.flagLacing, 0),
    text(ID.codecId, codec),
    number(ID.defaultDuration, Math.round(1e9 / rate)),
    element(ID.video, picture),
  ];
  if (transparent) track.push(number(ID.maxBlockAdditionId, 1));
  const tracks = element(ID.tracks, [element(ID.trackEntry, track)]);
  /** @type {Bytes[]} */
  const clusters = [];
  /** @type {Bytes[]} */
  const cues = [];
  let position = info.length + tracks.length;
  for (const group of groups(frames)) {
    const [{ time: start }] = group;
    const cluster = element(ID.cluster, [number(ID.timestamp, start), ...group.map((frame, i) => block(frame, start, group[i - 1]))]);
    const place = [number(ID.cueTrack, 1), number(ID.cueClusterPosition, position)];
    cues.push(element(ID.cuePoint, [number(ID.cueTime, start), element(ID.cueTrackPositions, place)]));
    clusters.push(cluster);
    position += cluster.length;
  }
  const segment = element(ID.segment, [info, tracks, ...clusters, element(ID.cues, cues)]);
  return new Blob([header, segment], { type: "video/webm" });
}

/** Frames from each keyframe on. @param {EncodedFrame[]} frames */
function groups(frames) {
  /** @type {EncodedFrame[][]} */
  const found = [];
  for (const frame of frames) {
    const current = found.at(-1);
    // Times in a cluster are of 16 bits.
    if (current && !frame.key && frame.time - current[0].time < 30_000) current.push(frame);
    else found.push([frame]);
  }
  return found;
}

/** @param {EncodedFrame} frame @param {number} start of its cluster @param {EncodedFrame} [before] */
function block({ data, alpha, key, time }, start, before) {
  const head = new Uint8Array([0x81, (time - start) >> 8, time - start, key && !alpha ? KEYFRAME : 0]);
  if (!alpha) return element(ID.simpleBlock, [head, data]);
  const more = element(ID.blockMore, [number(ID.blockAddId, 1), element(ID.blockAdditional, [alpha])]);
  const group = [element(ID.block, [head, data]), element(ID.blockAdditions, [more])];
  if (!key && before) group.push(element(ID.referenceBlock, [new Uint8Array([((before.time - time) >> 8) & 255, (before.time - time) & 255])]));
  return element(ID.blockGroup, group);
}

/** @param {number} id @param {Bytes[]} parts */
function element(id, parts) {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const head = [...bigEndian(id), ...length(size)];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A whole number without leading zeros. @param {number} value */
function bigEndian(value) {
  const bytes = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes.length ? bytes : [0];
}

/** A size in eight bytes, the first of which says so. @param {number} size */
function length(size) {
  const bytes = bigEndian(size);
  return [0x01, ...new Array(7 - bytes.length).fill(0), ...bytes];
}

/** @param {number} id @param {number} value */
const number = (id, value) => element(id, [new Uint8Array(bigEndian(value))]);

/** @param {number} id @param {string} value */
const text = (id, value) => element(id, [new TextEncoder().encode(value)]);

/** @param {number} id @param {number} value */
function float(id, value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return element(id, [bytes]);
}
