// gzip (RFC 1952), streamed: one or more members, each checked against its CRC-32 and length, so that a truncated or
// damaged file is an error and never a short result. Same code in Node and in browsers (whose DecompressionStream stops
// at the second member).

import { Gunzip } from 'fflate';
import { dataError } from '../errors.js';

/** Whether the first bytes are those of a gzip file. */
export const isGzip = (head: Uint8Array): boolean =>
  head.length > 2 && head[0] === 31 && head[1] === 139 && head[2] === 8;

/** The longest header of a second or later member that may cross two chunks. */
const KEPT = 1 << 16;

/** The bytes inside a gzip stream. */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = [];
  let crc = 0;
  let length = 0;
  let seen = new Uint8Array(0); // the last bytes of the input, with the trailer of the current member
  let total = 0;

  const inflate = new Gunzip((piece) => {
    if (piece.length === 0) return;
    crc = crc32(crc, piece);
    length = (length + piece.length) >>> 0;
    out.push(piece);
  });
  const checkMember = (end: number) => {
    const at = seen.length - (total - end) - 8;
    const trailer = at < 0 ? undefined : new DataView(seen.buffer, seen.byteOffset + at, 8);
    if (trailer?.getUint32(0, true) !== crc || trailer.getUint32(4, true) !== length)
      throw dataError('gunzip: the file is truncated or damaged (its checksum differs)', 'copy or download it again');
    crc = 0;
    length = 0;
  };
  inflate.onmember = checkMember;

  const push = (chunk: Uint8Array, last: boolean) => {
    const kept = seen.subarray(Math.max(0, seen.length - KEPT));
    seen = new Uint8Array(kept.length + chunk.length);
    seen.set(kept);
    seen.set(chunk, kept.length);
    total += chunk.length;
    try {
      inflate.push(chunk, last);
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'LorankError') throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw dataError(`gunzip: the file is truncated or damaged (${why})`, 'copy or download it again');
    }
    const ready = out;
    out = [];
    return ready;
  };
  for await (const chunk of compressed) yield* push(new Uint8Array(chunk), false);
  yield* push(new Uint8Array(0), true);
  checkMember(total);
}

const TABLES = (() => {
  const tables = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)];
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    tables[0][n] = c;
  }
  for (let t = 1; t < 4; t++)
    for (let n = 0; n < 256; n++) tables[t][n] = (tables[t - 1][n] >>> 8) ^ tables[0][tables[t - 1][n] & 255];
  return tables;
})();

/** CRC-32 of the bytes so far (crc, 0 at the start) followed by `bytes`; four bytes a step. */
export function crc32(crc: number, bytes: Uint8Array): number {
  const [T0, T1, T2, T3] = TABLES;
  let c = ~crc;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c = T3[c & 255] ^ T2[(c >>> 8) & 255] ^ T1[(c >>> 16) & 255] ^ T0[c >>> 24];
  }
  for (; i < bytes.length; i++) c = T0[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}
