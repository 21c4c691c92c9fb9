// The text and the settings that a visitor has entered, kept on this device for the next time.

import { fromFragment, toFragment } from "./link.js";
import { recall, remember } from "./stored.js";

/** @typedef {import("./link.js").Settings} Settings */

/** Milliseconds after a change in which more of them are awaited. */
const PATIENCE = 300;

/** @typedef {{ settings: Partial<Settings>, speed: string, address: string }} Draft */

let saving = 0;

/**
 * Keeps a draft soon; one without a text is forgotten.
 * @param {() => { settings: Settings, speed: string }} draft
 */
export function keepDraft(draft) {
  clearTimeout(saving);
  saving = setTimeout(() => {
    const { settings, speed } = draft();
    const kept = JSON.stringify({ fragment: toFragment(settings, ""), speed, address: location.hash });
    remember("draft", settings.text.trim() === "" ? undefined : kept);
  }, PATIENCE);
}

/** The draft that was kept last. @returns {Draft | undefined} */
export function keptDraft() {
  try {
    const { fragment, speed, address } = JSON.parse(recall("draft") ?? "null") ?? {};
    const link = typeof fragment === "string" ? fromFragment(fragment) : undefined;
    if (!link?.settings.text) return undefined;
    return { settings: link.settings, speed: String(speed), address: String(address) };
  } catch {
    return undefined;
  }
}
