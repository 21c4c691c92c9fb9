// The page's words in the visitor's language. Each language is a file; English is the reference.
//
// - `words` has what the scripts say before the first ink, in English until the visitor's language has come, which is
//   loaded beside the weights. `allWords` has everything; it is for scripts that are loaded later, with the dialogs.
//   Both are read where something is said, not kept.
// - Elements whose text never changes name it: `data-words="form.write"` for the text, `data-words-title="…"` and the
//   like for attributes. In index.html they contain the English words; `label` is for those that scripts make.

import { first } from "./first.js";

/** @typedef {import("./en.js").Words} Words */
/** A word without values, such as "form.write". @typedef {{ [S in keyof Words & string]: `${S}.${keyof Words[S] & string}` }[keyof Words & string]} Key */

/** What loads each language. @type {Record<string, () => Promise<{ default: Words }>>} */
const LANGUAGES = {
  en: () => import("./en.js"),
  de: () => import("./de.js"),
  fr: () => import("./fr.js"),
  es: () => import("./es.js"),
};

/** Where the visitor's choice is stored. */
const STORED = "running-hand.language";
const ATTRIBUTES = ["aria-label", "content", "label", "placeholder", "title"];

/** What the scripts say before the first ink. @type {typeof first} */
export let words = first;
/** Everything, once `allLoaded()` is fulfilled. @type {Words} */
export let allWords = /** @type {Words} */ (/** @type {unknown} */ (first));

/** The language of the page: of the address (`?language=`), the visitor's choice, or the browser's. */
export const language = chosen();

/** Fulfilled when `words` are of `language`; at once if that is English. Never rejected: without its file the page stays English. */
export const translated = language === "en" ? Promise.resolve() : load();

/** @type {Promise<void> | undefined} */
let all = language === "en" ? undefined : translated;

/** Fulfilled when `allWords` has everything. */
export function allLoaded() {
  return (all ??= load());
}

/** Without a page, in tests for example, it is English. @returns {string} */
function chosen() {
  const known = (/** @type {string | null | undefined} */ name) => {
    const code = name?.toLowerCase().split("-")[0];
    return code !== undefined && Object.hasOwn(LANGUAGES, code) ? code : undefined;
  };
  const asked = known(new URLSearchParams(globalThis.location?.search).get("language"));
  if (asked) return asked;
  try {
    const stored = known(localStorage.getItem(STORED));
    if (stored) return stored;
  } catch {
    // Without storage there is no choice.
  }
  for (const name of globalThis.navigator?.languages ?? []) {
    const code = known(name);
    if (code) return code;
  }
  return "en";
}

/** Loads the language, and says in it what the page says. */
async function load() {
  try {
    allWords = (await LANGUAGES[language]()).default;
  } catch {
    // The English words are needed in any case; without them the dialogs are not mounted.
    if (language === "en") throw new Error("words/en.js");
    allWords = (await LANGUAGES.en()).default;
    return;
  }
  words = allWords;
  // index.html is English, and so is what scripts have said.
  if (language === "en") return;
  document.documentElement.lang = language;
  for (const attribute of ["", ...ATTRIBUTES]) {
    const name = attribute ? `data-words-${attribute}` : "data-words";
    for (const element of document.querySelectorAll(`[${name}]`)) fill(element, attribute, element.getAttribute(name) ?? "");
  }
}

/** The word that a key names. @param {string} key */
function find(key) {
  const [section, name] = key.split(".");
  return /** @type {Record<string, Record<string, unknown> | undefined>} */ (allWords)[section]?.[name];
}

/** @param {Element} element @param {string} attribute "" for its text @param {string} key */
function fill(element, attribute, key) {
  const word = find(key);
  if (typeof word !== "string") return;
  if (attribute) element.setAttribute(attribute, word);
  else element.textContent = word;
}

/**
 * Gives an element a text that never changes, in the visitor's language even if that has not come yet. Without a word
 * for the key it keeps the text that it has.
 * @template {Element} E
 * @param {E} element @param {Key} key
 * @param {"" | "aria-label" | "label" | "placeholder" | "title"} [attribute] "" for its text
 */
export function label(element, key, attribute = "") {
  element.setAttribute(attribute ? `data-words-${attribute}` : "data-words", key);
  fill(element, attribute, key);
  return element;
}

/**
 * An error for people: in their language if it has a code, else as it is.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof Error)) return String(error);
  const { code, values = {} } = /** @type {Error & { code?: string, values?: Record<string, unknown> }} */ (error);
  if (code === undefined) return error.message;
  const say = find(`errors.${code}`);
  if (typeof say === "function") return say(values);
  const sayLayout = find(`layout.${code}`);
  if (typeof sayLayout !== "function") return error.message;
  const digits = new Intl.NumberFormat(language, { maximumFractionDigits: 2, useGrouping: false });
  const shown = Object.entries(values).map(([name, value]) => [name, typeof value === "number" ? digits.format(value) : value]);
  const field = find(`fields.${values.name}`);
  return `${field}: ${sayLayout(Object.fromEntries(shown))}.`;
}

/** What the engine says of the GPU, in the visitor's language; never rejected. @param {string} english */
export async function explainNotice(english) {
  if (language === "en") return english;
  try {
    // Loaded only now: most visitors are told nothing, or in English.
    const [{ readNotice }] = await Promise.all([import("../engine/notices.js"), translated]);
    const { code, values } = readNotice(english) ?? {};
    const say = find(`notices.${code}`);
    return typeof say === "function" ? say(values) : english;
  } catch {
    return english;
  }
}

/** What is wrong with ink that was drawn. @param {{ name: string, message: string }} advice */
export function explainAdvice({ name, message }) {
  const said = find(`advice.${name}`);
  return typeof said === "string" ? said : message;
}

/** A number as people of the language write it. @param {number} value @param {number} [digits] after the point */
export function number(value, digits = 0) {
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(value).replace("-", "−");
}

/** Lets the visitor choose another language, in which the page is loaded anew. @param {HTMLSelectElement} select */
export function offerLanguages(select) {
  select.value = language;
  select.addEventListener("change", () => {
    const address = new URL(location.href);
    try {
      localStorage.setItem(STORED, select.value);
      // A link that is copied is not to choose for others.
      address.searchParams.delete("language");
    } catch {
      address.searchParams.set("language", select.value);
    }
    history.replaceState(null, "", address);
    location.reload();
  });
}
