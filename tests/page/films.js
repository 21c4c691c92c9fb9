// Films that the page has made, as browsers and other programs see them.

/**
 * An empty page of the same origin without the page's policy, which forbids it to play files.
 * @param {import("playwright-core").BrowserContext} context @param {string} address of the page
 */
export async function emptyPage(context, address) {
  const page = await context.newPage();
  await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${address}empty.html`);
  return page;
}

/** In a page: what is on a canvas: pixels of ink and without any colour, and the share of its sides where ink begins and ends. */
function look(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const found = { size: [width, height], ink: 0, clear: 0, box: [1, 1, 0, 0] };
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 16) found.clear += 1;
    else if (data[i] < 128 && data[i + 3] > 200) {
      found.ink += 1;
      const [x, y] = [((i / 4) % width) / width, Math.floor(i / 4 / width) / height];
      const [left, top, right, bottom] = found.box;
      found.box = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  return found;
}

/** A GIF's frames, each with the seconds for which it is shown. @param {import("playwright-core").Page} page @param {Buffer} bytes */
export const gifFrames = (page, bytes) =>
  page.evaluate(`(async (look) => {
    const data = Uint8Array.from(atob("${bytes.toString("base64")}"), (letter) => letter.charCodeAt(0));
    const decoder = new ImageDecoder({ data, type: "image/gif" });
    await Promise.all([decoder.tracks.ready, decoder.completed]);
    const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
    const frames = [];
    for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex });
      const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
      canvas.getContext("2d").drawImage(image, 0, 0);
      frames.push({ ...look(canvas), seconds: image.duration / 1e6 });
      image.close();
    }
    return { frames, endless: repetitionCount === Infinity };
  })(${look})`);

/** A video's end, after it was played. @param {import("playwright-core").Page} page @param {Buffer} bytes */
export const played = (page, bytes) =>
  page.evaluate(`(async (look) => {
    const data = Uint8Array.from(atob("${bytes.toString("base64")}"), (letter) => letter.charCodeAt(0));
    const video = Object.assign(document.createElement("video"), { muted: true, src: URL.createObjectURL(new Blob([data])) });
    await new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(new Error(video.error.message));
      video.play().catch(reject);
    });
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    return { ...look(canvas), seconds: video.duration };
  })(${look})`);

/** Elements of WebM that contain others. */
const CONTAINERS = new Set([0x18538067, 0x1f43b675, 0xa0]);
const CLUSTER_TIME = 0xe7;
const BLOCKS = new Set([0xa1, 0xa3]);

/** When each frame of a WebM file is shown, in milliseconds. @param {Buffer} bytes */
export function webmTimes(bytes) {
  const times = [];
  let start = 0;
  const read = (from, end) => {
    for (let at = from; at < end; ) {
      // The zeros before the first one of an element's first byte, and of its size's, say how many bytes follow.
      const idLength = Math.clz32(bytes[at]) - 23;
      const id = bytes.readUIntBE(at, idLength);
      at += idLength;
      const sizeLength = Math.clz32(bytes[at]) - 23;
      const size = [...bytes.subarray(at, at + sizeLength)].reduce((sum, byte, i) => sum * 256 + (i ? byte : byte & (0xff >> sizeLength)), 0);
      at += sizeLength;
      if (CONTAINERS.has(id)) read(at, at + size);
      if (id === CLUSTER_TIME) start = bytes.readUIntBE(at, size);
      // After the number of the track.
      if (BLOCKS.has(id)) times.push(start + bytes.readInt16BE(at + 1));
      at += size;
    }
  };
  read(0, bytes.length);
  return times;
}
