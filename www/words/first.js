// The English words that scripts need before the first ink. The page loads them with its scripts; the others, en.js, come
// with the dialogs. What stands in index.html is English already.

export const first = {
  status: {
    ready: "Ready",
    loading: "Loading the network",
    writing: "Writing …",
    stopped: "Stopped",
    done: "Done",
    /** @param {string} file */
    reading: (file) => `Reading ${file} …`,
    /** @param {number} line @param {number} lines */
    line: (line, lines) => `${line} of ${lines}`,
    /** @param {number} sheet @param {number} sheets */
    sheet: (sheet, sheets) => `Sheet ${sheet} of ${sheets}`,
    offline: "Works offline now.",
    otherTabs: "Close the other tabs that show this page first.",
    linkCopied: "Link copied.",
    linkNotCopied: "The browser doesn’t let this page copy. The link is in the address bar.",
    /** @param {string} reason */
    partMissing: (reason) => `Part of the page couldn’t be loaded: ${reason}. Reload the page.`,
    noCanvas: "This browser can’t draw on a canvas.",
  },
  /** What the sheet is called by assistive technology. */
  sheet: {
    /** @param {string} text */
    written: (text) => `Handwriting: ${text}`,
    withoutText: "Handwriting without a text",
    /** @param {string} text */
    stopped: (text) => `Handwriting, stopped: ${text}`,
    inProgress: "Handwriting in progress",
  },
  /** About a text, before the status. */
  notes: {
    otherWeights: "The link was made with different weights, so the writing won’t look the same.",
    /** @param {string} words */
    split: (words) => `Too long for one line, so split: ${words}.`,
    cut: "One line ran on and was cut off. Another take may come out better.",
    /** @param {string} words */
    doubtful: (words) => `May be hard to read: ${words}. Another take may come out better.`,
    /** @param {string} listed @param {number} more */
    andMore: (listed, more) => `${listed} and ${more} more`,
    strokesTooMany: "Your strokes are too long for a link, so it doesn’t include them.",
    ownHand: "Your own hand stays on this device, so the link doesn’t include it.",
    /** @param {string} engine */
    noEngine: (engine) => `There is no engine “${engine}”, only cpu and gpu.`,
  },
  files: {
    /** @param {string} file */
    unknown: (file) =>
      `This page can’t open ${file}. It reads weights (.safetensors), hands (.json) and ink (.inkml, .json).`,
    /** @param {string} file */
    tooLarge: (file) => `${file} is larger than any network a page could run.`,
    /** @param {string} file */
    writes: (file) => `${file} does the writing now, until you reload the page.`,
    /** @param {string} file */
    scribbles: (file) => `${file} does the scribbling now, where there is no text, until you reload the page.`,
    kept: "The previous network is still in use.",
  },
  hands: {
    none: "No particular hand",
    /** @param {string} hand */
    unknown: (hand) => `There is no hand called “${hand}” here.`,
    notInLink: "The link uses a hand that someone drew, which stays on their device. No particular hand is used instead.",
  },
  /** What was written before. */
  takes: {
    takes: "Takes",
    undo: "Undo",
    redo: "Redo",
    keep: "Keep",
    kept: "Kept",
    keepTitle: "Keep this take. The others make way for new ones, the oldest first.",
    compare: "Compare",
    choose: "Choose a take to compare with.",
    remove: "Delete",
    /** @param {number} number @param {string} text */
    take: (number, text) => (text ? `Take ${number}: ${text}` : `Take ${number}`),
    /** @param {string} take */
    keptTake: (take) => `${take} (kept)`,
  },
  /** Below the text field. */
  unwritable: {
    /** @param {string} signs */
    leftOut: (signs) => `Left out: ${signs}.`,
    /** @param {string} pairs */
    others: (pairs) => `Written differently: ${pairs}.`,
    /** @param {string} from @param {string} to */
    pair: (from, to) => `${from} as ${to}`,
  },
  /** What the page writes by itself: one line, another at each visit. */
  greetings: {
    lines: [
      "Hello. I was written just now.",
      "Nobody has written this before.",
      "Good to see you. Type something.",
      "A pen that thinks as it goes.",
      "Every letter is new each time.",
      "No two of these are ever alike.",
      "Your words, in somebody's hand.",
      "Dear reader, what shall I write?",
      "This line was never a font.",
      "Take your time. I take mine.",
      "Ink from numbers, on your screen.",
      "It learned from many people.",
      "Write me a letter some day.",
      "One point after another, like so.",
    ],
    /** A seed for each, with which its hand (app/greeting.js) writes it well. */
    seeds: [5, 4, 2, 8, 9, 10, 6, 7, 5, 7, 1, 10, 1, 3],
  },
  /** Buttons of the bar on a phone: short. */
  phone: {
    hand: "Hand",
    more: "More",
  },
  inks: {
    blueBlack: "Blue-black",
    black: "Black",
    royalBlue: "Royal blue",
    sepia: "Sepia",
    burgundy: "Burgundy",
    bottleGreen: "Bottle green",
    other: "Custom colour",
    pick: "Ink colour",
  },
  paperHints: {
    noMargins: "Paper that fits the writing has no margins to set.",
  },
  /** What is wrong with a link, and the names of the settings in it. */
  link: {
    /** @param {string} name */
    notNumber: (name) => `The link’s ${name} isn’t a number, so the default was used.`,
    /** @param {string} name @param {number} min @param {number} max @param {number} used */
    outOfRange: (name, min, max, used) => `The link’s ${name} isn’t between ${min} and ${max}, so ${used} was used.`,
    /** @param {string} name @param {number} used */
    notWhole: (name, used) => `The link’s ${name} isn’t a whole number, so ${used} was used.`,
    /** @param {string} name */
    notChoice: (name) => `This page doesn’t know the link’s ${name}, so the default was used.`,
    inkNotColour: "The link’s ink isn’t a colour, so the default was used.",
    strokesDamaged: "The link’s strokes are damaged, so they were left out.",
    /** @param {number} letters */
    textTooLong: (letters) =>
      `The link’s text is longer than ${letters.toLocaleString("en")} characters, so its end was left out.`,
  },
  settings: {
    bias: "neatness",
    temperature: "wildness",
    seed: "seed",
    share: "share of the second hand",
    columns: "number of letters per line",
    nib: "line width",
    slant: "slant",
    wander: "wander",
    strength: "strength of your hand",
    sheetWidth: "paper width",
    sheetHeight: "paper height",
    pitch: "line spacing",
    marginTop: "top margin",
    marginRight: "right margin",
    marginBottom: "bottom margin",
    marginLeft: "left margin",
    firstTop: "top margin of the first sheet",
    paper: "paper",
    sheetUnit: "unit",
    orientation: "orientation",
    ruling: "ruling",
    size: "letter size",
    tip: "pen",
  },
  /** Begin an error about a field of the form. */
  fields: {
    paper: "Paper",
    margin: "Margins",
    firstTop: "Top of the first sheet",
    pitch: "Line spacing",
    size: "Letter size",
  },
};
