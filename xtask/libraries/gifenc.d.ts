// Types of gifenc, as far as the page uses it. Pixels are RGBA bytes; colours are [r, g, b] or [r, g, b, a], 0 to 255.

export type Palette = number[][];
export type ColorFormat = "rgb565" | "rgb444" | "rgba4444";

export function quantize(
  rgba: Uint8Array | Uint8ClampedArray,
  maxColors: number,
  options?: { format?: ColorFormat; oneBitAlpha?: boolean | number; clearAlpha?: boolean },
): Palette;

export function applyPalette(rgba: Uint8Array | Uint8ClampedArray, palette: Palette, format?: ColorFormat): Uint8Array;

export function GIFEncoder(options?: { auto?: boolean; initialCapacity?: number }): {
  writeFrame(
    index: Uint8Array,
    width: number,
    height: number,
    options?: {
      palette?: Palette;
      transparent?: boolean;
      transparentIndex?: number;
      delay?: number;
      dispose?: number;
      repeat?: number;
    },
  ): void;
  finish(): void;
  bytes(): Uint8Array<ArrayBuffer>;
  /** What is written so far, not copied. */
  bytesView(): Uint8Array<ArrayBuffer>;
};
