// Numbers and tables for people.

/** Four significant digits, with an exponent where that is shorter. */
export function figure(x: number | undefined): string {
  if (x === undefined || Number.isNaN(x)) return '–';
  if (x === 0 || !Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-3) return x.toExponential(2).replace('e+', 'e');
  return String(Number(x.toPrecision(4)));
}

/** Digits in groups of three. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');

/** 0.1 MB, 12 MB, 1.5 GB. */
export function bytesText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${figure(Number((bytes / 1e3).toPrecision(3)))} kB`;
  return bytes < 1e9 ? `${Number((bytes / 1e6).toPrecision(3))} MB` : `${Number((bytes / 1e9).toPrecision(3))} GB`;
}

export const secondsText = (s: number): string =>
  s < 1
    ? `${Math.round(1000 * s)} ms`
    : s < 90
      ? `${Number(s.toPrecision(2))} s`
      : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;

/** Columns of text: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[], { indent = 2 } = {}): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, j) => {
      widths[j] = Math.max(widths[j] ?? 0, cell.length);
    });
  const line = (row: readonly string[]) =>
    row.map((cell, j) => (j === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[j]))).join('   ');
  return rows.map((row) => `${' '.repeat(indent)}${line(row)}`.trimEnd()).join('\n');
}

/** Names and what they are, one a line. */
export function facts(rows: readonly (readonly [string, string])[], { indent = 2 } = {}): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${' '.repeat(indent)}${name.padEnd(width)}   ${value}`.trimEnd()).join('\n');
}
