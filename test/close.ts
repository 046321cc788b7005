// The one comparison of numbers in the repository.

/** Fails unless |actual − expected| ≤ atol + rtol·|expected| for every entry; NaN never passes. */
export function close(
  actual: number | ArrayLike<number>,
  expected: number | ArrayLike<number>,
  { rtol = 0, atol = 0 }: { rtol?: number; atol?: number },
): void {
  const a = typeof actual === 'number' ? [actual] : actual;
  const e = typeof expected === 'number' ? [expected] : expected;
  if (a.length !== e.length) throw new Error(`close: ${a.length} numbers, expected ${e.length}`);
  for (let i = 0; i < e.length; i++) {
    const off = Math.abs(a[i] - e[i]);
    const allowed = atol + rtol * Math.abs(e[i]);
    if (!(off <= allowed))
      throw new Error(`close: entry ${i} is ${a[i]}, expected ${e[i]}: off by ${off}, allowed ${allowed}`);
  }
}
