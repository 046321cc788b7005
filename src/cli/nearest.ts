// Names near to one that is not there.

/** At most three of the names, the nearest first: those that hold the word, then by the number of edits. */
export function nearest(word: string, names: readonly string[]): string[] {
  const score = (name: string) => (name.includes(word.toLowerCase()) ? 0 : edits(word.toLowerCase(), name));
  return [...names].sort((a, b) => score(a) - score(b)).slice(0, 3);
}

/** Insertions, deletions and replacements that turn a into b (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
