// A matrix as a picture, for an image mark: thousands of rectangles would be slow to draw and leave seams.

import { writePng } from '../io/png.js';
import { at, type Matrix, matrix } from '../matrix.js';
import { rampColour } from './style.js';

export interface HeatmapOptions {
  /** The values of the darkest and the lightest colour; default: the extremes of the matrix. */
  readonly domain?: readonly [number, number];
  /** Screen pixels for each entry; default 1. The first row is at the top. */
  readonly zoom?: number;
}

/** A data URL of a PNG. A: n₁×n₂. */
export function heatmap(A: Matrix, { domain = extremes(A), zoom = 1 }: HeatmapOptions = {}): string {
  const [low, high] = domain;
  const colours = [0, 1, 2].map(() => matrix(A.rows * zoom, A.cols * zoom));
  for (let i = 0; i < A.rows * zoom; i++)
    for (let j = 0; j < A.cols * zoom; j++) {
      const value = at(A, Math.floor(i / zoom), Math.floor(j / zoom));
      const share = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0;
      rampColour(share).forEach((c, channel) => {
        colours[channel].data[i * A.cols * zoom + j] = c;
      });
    }
  return `data:image/png;base64,${base64(writePng(colours))}`;
}

function extremes(A: Matrix): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++) {
      low = Math.min(low, at(A, i, j));
      high = Math.max(high, at(A, i, j));
    }
  return [low, high];
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const some = [18, 12, 6, 0].map((shift) => DIGITS[(word >> shift) & 63]).join('');
    text += some.slice(0, Math.min(4, bytes.length - i + 1)).padEnd(4, '=');
  }
  return text;
}
