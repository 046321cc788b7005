// Identifiers ↔ indices 0, 1, 2, … in the order they are first seen. Two ids are the same exactly when their UTF-8 bytes
// are: '01' ≠ '1'. The decimal text of an integer 0 … 10¹⁵−1 is kept as a number and makes no string until asked; all
// other ids lie in one pool of bytes. Open addressing at load ≤ 1/2: about 24 bytes an id, plus its text.

import { dataError } from '../errors.js';

/** Integers below this are ids kept as numbers. */
const INTEGERS = 1e15;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A two-way table of ids and their indices. */
export class Ids {
  /** How many distinct ids there are. */
  size = 0;
  private table = new Int32Array(1 << 10); // index + 1, 0 where empty
  private shift = 22; // 32 − log₂ of the table's length
  private values = new Float64Array(1 << 9); // ≥ 0: the integer itself; < 0: −1 − its place in the pool
  private hashes = new Int32Array(1 << 9);
  private lengths = new Int32Array(1 << 9);
  private pool = new Uint8Array(1 << 12);
  private used = 0;

  /** The index of the id whose text is n, added if new. n: an integer, |n| ≤ 2⁵³ − 1. */
  addInteger(n: number): number {
    return n >= 0 && n < INTEGERS ? this.integer(n, true) : this.add(String(n));
  }

  /** The index of the id whose UTF-8 bytes are bytes[start … end), added if new. */
  addBytes(bytes: Uint8Array, start: number, end: number): number {
    return this.lookup(bytes, start, end, true);
  }

  /** The index of an id, added if new. */
  add(text: string): number {
    const bytes = encoder.encode(text);
    return this.lookup(bytes, 0, bytes.length, true);
  }

  /** The index of an id, −1 where there is none. */
  find(text: string): number {
    const bytes = encoder.encode(text);
    return this.lookup(bytes, 0, bytes.length, false);
  }

  /** The text of the id at an index. */
  text(index: number): string {
    const value = this.values[index];
    if (value >= 0) return String(value);
    const start = -1 - value;
    return decoder.decode(this.pool.subarray(start, start + this.lengths[index]));
  }

  /** All ids, in order of index. */
  *[Symbol.iterator](): Generator<string> {
    for (let i = 0; i < this.size; i++) yield this.text(i);
  }

  /** The UTF-8 bytes of all ids one after another; id i is bytes[offsets[i] … offsets[i+1]). offsets: size + 1. */
  toBytes(): { bytes: Uint8Array; offsets: BigInt64Array } {
    const offsets = new BigInt64Array(this.size + 1);
    const parts: Uint8Array[] = [];
    let total = 0;
    for (let i = 0; i < this.size; i++) {
      const start = -1 - this.values[i];
      const part =
        start < 0 ? encoder.encode(String(this.values[i])) : this.pool.subarray(start, start + this.lengths[i]);
      parts.push(part);
      total += part.length;
      offsets[i + 1] = BigInt(total);
    }
    const bytes = new Uint8Array(total);
    for (let i = 0; i < parts.length; i++) bytes.set(parts[i], Number(offsets[i]));
    return { bytes, offsets };
  }

  /** The inverse of toBytes; refuses offsets that go back or beyond, ids that come twice and bytes that are not UTF-8. */
  static fromBytes(bytes: Uint8Array, offsets: ArrayLike<number | bigint>): Ids {
    const ids = new Ids();
    let end = 0;
    if (offsets.length === 0 || Number(offsets[0]) !== 0)
      throw dataError('Ids.fromBytes: offsets should start with 0', 'write the file again');
    for (let i = 1; i < offsets.length; i++) {
      const start = end;
      end = Number(offsets[i]);
      if (!(end >= start && end <= bytes.length))
        throw dataError(
          `Ids.fromBytes: offset ${i} should be between ${start} and ${bytes.length}, got ${end}`,
          'write the file again',
        );
      if (ids.addBytes(bytes, start, end) !== i - 1)
        throw dataError(
          `Ids.fromBytes: id ${i - 1} ('${ids.text(ids.size - 1)}') should be new`,
          'write the file again',
        );
    }
    if (end !== bytes.length)
      throw dataError(`Ids.fromBytes: offsets should end at ${bytes.length}, got ${end}`, 'write the file again');
    return ids;
  }

  private integer(n: number, insert: boolean): number {
    const hash = Math.imul(n | 0, 0x9e3779b1) ^ Math.imul((n / 4294967296) | 0, 0x85ebca6b);
    const mask = this.table.length - 1;
    let slot = hash >>> this.shift;
    for (let found = this.table[slot]; found !== 0; found = this.table[slot]) {
      if (this.values[found - 1] === n) return found - 1;
      slot = (slot + 1) & mask;
    }
    return insert ? this.insert(slot, hash, n, 0) : -1;
  }

  private lookup(bytes: Uint8Array, start: number, end: number, insert: boolean): number {
    const length = end - start;
    let n = integerOf(bytes, start, end);
    if (n >= 0) return this.integer(n, insert);
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
    const mask = this.table.length - 1;
    let slot = hash >>> this.shift;
    for (let found = this.table[slot]; found !== 0; found = this.table[slot]) {
      const i = found - 1;
      if (this.hashes[i] === hash && this.values[i] < 0 && this.lengths[i] === length) {
        const at = -1 - this.values[i];
        let k = 0;
        while (k < length && this.pool[at + k] === bytes[start + k]) k++;
        if (k === length) return i;
      }
      slot = (slot + 1) & mask;
    }
    if (!insert) return -1;
    checkUtf8(bytes, start, end);
    if (this.used + length > this.pool.length) {
      const pool = new Uint8Array(Math.max(2 * this.pool.length, this.used + length));
      pool.set(this.pool.subarray(0, this.used));
      this.pool = pool;
    }
    this.pool.set(bytes.subarray(start, end), this.used);
    n = -1 - this.used;
    this.used += length;
    return this.insert(slot, hash, n, length);
  }

  private insert(slot: number, hash: number, value: number, length: number): number {
    const index = this.size++;
    if (index === this.values.length) {
      this.values = grown(this.values, new Float64Array(2 * index));
      this.hashes = grown(this.hashes, new Int32Array(2 * index));
      this.lengths = grown(this.lengths, new Int32Array(2 * index));
    }
    this.values[index] = value;
    this.hashes[index] = hash;
    this.lengths[index] = length;
    this.table[slot] = index + 1;
    if (2 * this.size > this.table.length) this.rehash();
    return index;
  }

  private rehash(): void {
    const table = new Int32Array(2 * this.table.length);
    const mask = table.length - 1;
    this.shift--;
    for (let i = 0; i < this.size; i++) {
      let slot = this.hashes[i] >>> this.shift;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = i + 1;
    }
    this.table = table;
  }
}

const grown = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};

/** The integer whose canonical decimal text the bytes are, below 10¹⁵; −1 for any other bytes. */
function integerOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0 || length > 15 || (bytes[start] === 48 && length > 1)) return -1;
  let n = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return -1;
    n = n * 10 + digit;
  }
  return n;
}

function checkUtf8(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++)
    if (bytes[i] > 127) {
      try {
        decoder.decode(bytes.subarray(start, end));
        return;
      } catch {
        throw dataError('Ids: an id should be UTF-8 text', 'convert the file first: iconv -f latin1 -t utf-8');
      }
    }
}
