// A figure of the benchmark: the same thing measured at a tenth of the size and at the full one, and how it grows.

export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly small: number;
  readonly full: number;
}

export interface Section {
  readonly name: string;
  /** What is made larger. */
  readonly grows: string;
  readonly small: string;
  readonly full: string;
  /** How many times larger the full one is. */
  readonly factor: number;
  readonly figures: readonly Figure[];
}

/** The k of size^k: 0 is constant, 1 as the size grows. Undefined where nothing was measured. */
export function exponentOf({ small, full }: Figure, factor: number): number | undefined {
  if (small <= 0 || full <= 0) return undefined;
  return Math.log(full / small) / Math.log(factor);
}

/** Pairs what two runs measured under the same names. */
export function pair(small: readonly Measured[], full: readonly Measured[]): readonly Figure[] {
  return full.map(({ what, unit, value }) => {
    const before = small.find((one) => one.what === what && one.unit === unit);
    return { what, unit, small: before?.value ?? 0, full: value };
  });
}

export interface Measured {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
}

export function render({ name, grows, small, full, factor, figures }: Section): string {
  const head = [grows, small, full, "×", "grows as"];
  const rows = figures.map((figure) => {
    const exponent = exponentOf(figure, factor);
    return [
      `${figure.what} (${figure.unit})`,
      shown(figure.small),
      shown(figure.full),
      figure.small > 0 ? (figure.full / figure.small).toFixed(2) : "",
      exponent === undefined ? "" : `n^${exponent.toFixed(2).replace("-0.00", "0.00")}`,
    ];
  });
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  const lines = all.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [name, ...lines.map((line) => `  ${line}`)].join("\n");
}

function shown(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(value < 10 ? 2 : 1);
}
