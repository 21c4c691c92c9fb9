// What the page writes by itself, so that a visitor sees what it does: another line at each visit.

import { words } from "../words/words.js";
import { recall, remember } from "./stored.js";

/** A line, the hand that writes it, and its seed. @typedef {{ text: string, style: string, seed: number }} Greeting */

/** Hands that are read well, by turns. */
const HANDS = ["Even", "Open", "Plain", "Flowing", "Upright", "Slanted", "Tall", "Joined"];

/** The next greeting, in the page's language. @returns {Greeting} */
export function nextGreeting() {
  const { lines, seeds } = words.greetings;
  const before = Number.parseInt(recall("greeting") ?? "", 10);
  const number = Number.isSafeInteger(before) && before >= 0 ? (before + 1) % lines.length : 0;
  remember("greeting", String(number));
  return { text: lines[number], style: HANDS[number % HANDS.length], seed: seeds[number] };
}
