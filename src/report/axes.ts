// The arithmetic of axes: ticks of a logarithmic one, their labels, and labels of series moved apart.

import { log } from '../random/index.js';

const LN10 = log(10);
const SUPERSCRIPT = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Ticks of a logarithmic axis from low to high, 0 < low < high: powers of ten, thinned to one in 28 pixels; 1, 2, 5 within two decades. */
export function ticks([low, high]: readonly [number, number], pixels: number): number[] {
  const decades = (log(high) - log(low)) / LN10;
  const steps = decades <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((28 * decades) / pixels));
  const from = Math.floor(log(low) / LN10);
  const to = Math.ceil(log(high) / LN10);
  const found: number[] = [];
  for (let e = from; e <= to; e++)
    for (const step of steps) {
      const tick = Number(`${step}e${e}`);
      if (tick >= low && tick <= high && e % every === 0) found.push(tick);
    }
  return found;
}

/** 0.01 … 999 as they are, other powers of ten as 10⁻⁴. */
export function tickLabel(value: number): string {
  if (value >= 0.01 && value < 1000) return String(value);
  const [digits, exponent] = value.toExponential().split('e');
  const raised = Array.from(exponent.replace('+', ''), (c) => (c === '-' ? '⁻' : SUPERSCRIPT[Number(c)])).join('');
  return digits === '1' ? `10${raised}` : `${digits}·10${raised}`;
}

/** Heights (pixels from the top) moved as little as it takes for labels `gap` apart to fit into `room`; the order is kept. */
export function apart(heights: readonly number[], room: number, gap = 12): number[] {
  const order = [...heights.keys()].sort((a, b) => heights[a] - heights[b] || a - b);
  const placed = order.map((i) => heights[i]);
  // blocks of labels that touch, each around the mean of where its labels want to be
  const blocks: { first: number; count: number; mean: number }[] = [];
  const centre = ({ mean, count }: { mean: number; count: number }): number => {
    const half = (gap * (count - 1)) / 2;
    return Math.min(Math.max(mean, half), Math.max(half, room - half));
  };
  placed.forEach((wanted, i) => {
    blocks.push({ first: i, count: 1, mean: wanted });
    for (let b = blocks.length - 1; b > 0; b--) {
      const [upper, lower] = [blocks[b - 1], blocks[b]];
      if (centre(upper) + (gap * (upper.count + lower.count)) / 2 <= centre(lower)) break;
      const count = upper.count + lower.count;
      upper.mean = (upper.mean * upper.count + lower.mean * lower.count) / count;
      upper.count = count;
      blocks.pop();
    }
  });
  const out = new Array<number>(heights.length);
  for (const block of blocks) {
    const start = centre(block) - (gap * (block.count - 1)) / 2;
    for (let j = 0; j < block.count; j++) out[order[block.first + j]] = start + gap * j;
  }
  return out;
}
