// Small pictures to learn from: one shape each, drawn with soft edges at a random place and size. Pixels from −1 (ground) to 1.

import { fillUniforms, type Stream } from '../random/index.js';

/** What can be drawn. */
export const SHAPES = ['disc', 'square', 'ring', 'cross', 'bar'] as const;
/** One of SHAPES. */
export type Shape = (typeof SHAPES)[number];

/** How far a point lies outside the shape of size 1 around the origin; negative inside. */
const distance: Record<Shape, (x: number, y: number) => number> = {
  disc: (x, y) => Math.sqrt(x * x + y * y) - 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.9,
  ring: (x, y) => Math.abs(Math.sqrt(x * x + y * y) - 0.8) - 0.25,
  cross: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 1 + Math.max(0, Math.min(Math.abs(x), Math.abs(y)) - 0.3) * 4,
  bar: (x, y) => Math.max(Math.abs(x) - 1, Math.abs(y) - 0.3),
};

/** A picture of size×size pixels, row by row. kinds: what is drawn, all equally likely. */
export function drawShape(random: Stream, kinds: readonly Shape[], size: number): Float64Array {
  const u = new Float64Array(4);
  fillUniforms(random, u);
  const outside = distance[kinds[Math.floor(u[0] * kinds.length)]];
  const radius = size * (0.18 + 0.14 * u[1]);
  const margin = radius + 1;
  const [cx, cy] = [u[2], u[3]].map((v) => margin + v * (size - 2 * margin));
  const image = new Float64Array(size * size);
  for (let i = 0, t = 0; i < size; i++)
    for (let j = 0; j < size; j++, t++) {
      const d = radius * outside((j + 0.5 - cx) / radius, (i + 0.5 - cy) / radius);
      image[t] = -Math.max(-1, Math.min(1, 2 * d));
    }
  return image;
}
