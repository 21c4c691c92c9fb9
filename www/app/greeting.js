// What the page writes by itself, so that a visitor sees what it does: another line at each visit.

import { words } from "../words/words.js";
import { recall, remember } from "./stored.js";

/** A line, the hand that writes it, and its seed. @typedef {{ text: string, style: string, seed: number }} Greeting */

/** Hands that are read well, by turns, with seeds that are good for the English lines. @type {[string, number][]} */
const HANDS = [
  ["Even", 2],
  ["Open", 2],
  ["Plain", 2],
  ["Flowing", 2],
  ["Upright", 2],
  ["Slanted", 2],
  ["Tall", 5],
  ["Joined", 2],
];

/** The next greeting, in the page's language. @returns {Greeting} */
export function nextGreeting() {
  const lines = words.greetings.lines;
  const before = Number.parseInt(recall("greeting") ?? "", 10);
  const number = Number.isSafeInteger(before) && before >= 0 ? (before + 1) % lines.length : 0;
  remember("greeting", String(number));
  const [style, seed] = HANDS[number % HANDS.length];
  return { text: lines[number], style, seed };
}
