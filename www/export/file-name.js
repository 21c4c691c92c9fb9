// Names of files, from the text that is in them.

/** Longest name without its ending. */
const LONGEST = 40;
/** Of a text that has no letters that every system takes. */
const NAMELESS = "running-hand";

/** Letters that are no letters with marks. @type {Record<string, string>} */
const SPELT = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };

/** Names that Windows keeps for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/**
 * The first words of a text as a file's name, of a–z, 0–9 and hyphens: "Dear Anna," is "dear-anna".
 * @param {string} text
 */
export function fileName(text) {
  const plain = text
    .slice(0, 4 * LONGEST)
    .toLowerCase()
    .replace(/[ßæœøłđðþı]/g, (letter) => SPELT[letter])
    .normalize("NFKD")
    // Marks, and what stands within a word.
    .replace(/[\p{M}'’]/gu, "");
  let name = "";
  for (const word of plain.split(/[^a-z0-9]+/).filter((word) => word !== "")) {
    const longer = name ? `${name}-${word}` : word.slice(0, LONGEST);
    if (longer.length > LONGEST) break;
    name = longer;
  }
  if (!name) return NAMELESS;
  return DEVICES.test(name) ? `${name}-writing` : name;
}
