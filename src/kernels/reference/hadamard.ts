// x ← H x, unnormalised, natural order: stages of butterflies (a, b) → (a+b, a−b) at distances 1, 2, 4, …

export function hadamard(x: Float64Array): void {
  for (let half = 1; half < x.length; half *= 2)
    for (let start = 0; start < x.length; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const a = x[i];
        const b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
}
