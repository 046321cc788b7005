// Numbers written as text, read from bytes.

const latin1 = new TextDecoder('latin1');
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;
const MISSING = new Set(['', 'na', 'n/a', 'null', 'none', '?', '-', '\\n']);

/** What a text can be where a number is wanted. */
export type Token = 'number' | 'missing' | 'not finite' | 'text';

/**
 * What a text says: a decimal number, that there is none (empty, NA, N/A, null, none, ?, - or \N, in any case), a NaN or
 * an infinity by name or by size, or anything else. Spaces around it do not count.
 */
export function tokenOf(text: string): { token: Token; value: number } {
  const trimmed = text.trim();
  if (DECIMAL.test(trimmed)) {
    const value = Number(trimmed);
    return { token: Number.isFinite(value) ? 'number' : 'not finite', value };
  }
  if (MISSING.has(trimmed.toLowerCase())) return { token: 'missing', value: Number.NaN };
  return { token: NOT_FINITE.test(trimmed) ? 'not finite' : 'text', value: Number.NaN };
}

/** 10⁰ … 10²², the powers of ten that are exact in f64. */
export const TENS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * The number written in bytes[start … end), correctly rounded: decimal, with an optional sign, point and exponent; NaN
 * for anything else. Up to 15 digits are read without making a string (digits and power of ten are exact, so their
 * quotient is rounded once).
 */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  const sign = bytes[i];
  if (sign === 45 || sign === 43) i++;
  let digits = 0;
  let count = 0;
  let point = -1;
  for (; i < end; i++) {
    const c = bytes[i];
    if (c >= 48 && c <= 57) {
      digits = digits * 10 + (c - 48);
      count++;
    } else if (c === 46 && point < 0) point = count;
    else break;
  }
  if (i === end && count > 0 && count <= 15) {
    const value = point < 0 ? digits : digits / TENS[count - point];
    return sign === 45 ? -value : value;
  }
  const text = latin1.decode(bytes.subarray(start, end));
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}

/** The shortest text that reads back as the same number. */
export const numberText = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
