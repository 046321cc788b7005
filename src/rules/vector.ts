// The few operations on θ that rules share.

/** y + a·x, as a new vector. */
export function axpy(a: number, x: Float64Array, y: Float64Array): Float64Array {
  const z = new Float64Array(y.length);
  for (let i = 0; i < z.length; i++) z[i] = y[i] + a * x[i];
  return z;
}
