// Ranks read off singular values.

/**
 * The i ≤ most at which σ_i/σ_{i+1} is largest, among those with σ_i > floor·σ₁: 0 for the zero matrix. A σ below 1e-9·σ₁
 * counts as that, so that rounding makes no gap. sigma: descending.
 */
export function widestGap(sigma: ArrayLike<number>, most: number, floor = 1e-3): number {
  if (!(sigma[0] > 0)) return 0;
  const least = 1e-9 * sigma[0];
  let rank = 1;
  let widest = 0;
  for (let i = 0; i < Math.min(most, sigma.length) && sigma[i] > floor * sigma[0]; i++) {
    const ratio = sigma[i] / Math.max(sigma[i + 1] ?? 0, least);
    if (ratio > widest) {
      widest = ratio;
      rank = i + 1;
    }
  }
  return rank;
}

/** Degrees of freedom of a matrix of rank r: r(n₁+n₂−r), or nr − r(r−1)/2 where symmetric. */
export const freedom = (r: number, rows: number, cols: number, symmetric: boolean): number =>
  symmetric ? rows * r - (r * (r - 1)) / 2 : r * (rows + cols - r);

/** The largest rank whose degrees of freedom do not exceed m. */
export function largestRank(rows: number, cols: number, measurements: number, symmetric: boolean): number {
  let r = 0;
  while (r < Math.min(rows, cols) && freedom(r + 1, rows, cols, symmetric) <= measurements) r++;
  return r;
}
