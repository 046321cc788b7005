// PNG images as matrices of 0 … 255, one per colour. 16-bit images keep their precision (v/257, a fraction).

import { convertIndexedToRgb, type DecodedPng, decode, encode } from 'fast-png';
import { dataError } from '../errors.js';
import { at, type Matrix, matrix } from '../matrix.js';

/** An image as matrices of 0 … 255. */
export interface Image {
  /** One matrix (grey) or three (red, green, blue), each height×width. */
  readonly colours: readonly Matrix<Float64Array>[];
  /** 0 transparent … 255 opaque, where the image has it. */
  readonly alpha?: Matrix<Float64Array>;
  /** Bits of a colour in the file. */
  readonly depth: number;
}

const broken = (what: string) => dataError(`readPng: ${what}`, 'copy or download the image again');

/** Deflate cannot pack more tightly than this. */
const MOST_DEFLATED = 1032;

/** The image in a PNG file, palettes and 1 to 16 bits alike. A truncated or damaged file is refused. */
export function readPng(bytes: Uint8Array): Image {
  if (bytes.length < 33) throw broken(`the file should have at least 33 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const pixels = view.getUint32(16) * view.getUint32(20);
  if (pixels > MOST_DEFLATED * 8 * bytes.length)
    throw broken(`the file of ${bytes.length} bytes claims ${pixels} pixels`);
  let png: DecodedPng;
  let values: DecodedPng['data'];
  try {
    // a copy: the decoder would write into its input
    png = decode(new Uint8Array(bytes), { checkCrc: true });
    values = png.palette ? convertIndexedToRgb(png) : png.depth < 8 ? unpacked(png) : png.data;
  } catch (cause) {
    throw broken(`the image is truncated or damaged (${cause instanceof Error ? cause.message : cause})`);
  }
  const { width, height, depth } = png;
  const channels = png.palette ? png.palette[0].length : png.channels;
  if (values.length !== width * height * channels) throw broken('the image has too few pixels for its size');
  const scale = png.palette ? 1 : 255 / ((1 << depth) - 1);
  const planes = Array.from({ length: channels }, (_, c) => {
    const plane = matrix(height, width);
    for (let i = 0; i < plane.data.length; i++) plane.data[i] = values[i * channels + c] * scale;
    return plane;
  });
  const alpha = channels % 2 === 0 ? planes.pop() : undefined;
  return { colours: planes, alpha, depth };
}

/** Pixels of 1, 2 or 4 bits, each row padded to a byte. */
function unpacked({ data, width, height, depth }: DecodedPng): Uint8Array {
  const stride = Math.ceil((width * depth) / 8);
  const out = new Uint8Array(width * height);
  for (let i = 0, k = 0; i < height; i++)
    for (let j = 0; j < width; j++, k++) {
      const bit = j * depth;
      out[k] = (data[i * stride + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  return out;
}

/** An 8- or 16-bit image of one colour (grey) or three, each height×width; values are rounded and kept within 0 … 255. */
export function writePng(colours: readonly Matrix[], depth: 8 | 16 = 8): Uint8Array {
  const [{ rows: height, cols: width }] = colours;
  const scale = depth === 8 ? 1 : 257;
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * colours.length);
  let k = 0;
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++)
      for (const plane of colours) data[k++] = Math.round(Math.min(255, Math.max(0, at(plane, i, j) || 0)) * scale);
  return encode({ width, height, data, channels: colours.length, depth });
}
