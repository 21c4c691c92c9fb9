// Figures and tables that all parts of the bench print alike.

/** Least, middle and largest of some numbers. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted[sorted.length - 1] };
}

/** Three significant digits, with commas. */
export function figure(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  const rounded = Number(value.toPrecision(value >= 1000 ? String(Math.round(value)).length : 3));
  return rounded.toLocaleString("en-US", { minimumFractionDigits: Math.min(digits, 2), maximumFractionDigits: Math.min(digits, 2) });
}

/** "min / median / max" as three cells. */
export const cells = (values) => Object.values(spread(values)).map(figure);

export function table(title, head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  console.log([`\n### ${title}\n`, line(head), line(head.map((_, k) => (k ? "--:" : "---"))), ...rows.map(line)].join("\n"));
}

/** Progress, which is no part of the report. */
export const tell = (text) => console.error(`  ${text}`);
