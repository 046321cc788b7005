// A small vocabulary of pieces of text: the 256 bytes, and pairs of pieces that are merged, the most frequent one first (byte
// pair encoding). The same text gives the same vocabulary: of pairs that are equally frequent the first by number is taken.

export type Merges = readonly (readonly [number, number])[];

/** The tokens with every pair (a, b) replaced by id, in place. */
function merge(tokens: Int32Array, [a, b]: readonly [number, number], id: number): Int32Array {
  let n = 0;
  for (let i = 0; i < tokens.length; i++) {
    const pair = tokens[i] === a && i + 1 < tokens.length && tokens[i + 1] === b;
    tokens[n++] = pair ? id : tokens[i];
    if (pair) i++;
  }
  return tokens.subarray(0, n);
}

/** Merges that make a vocabulary of `size`. Cost: size − 256 passes over the text and over size² counts. */
export function learnMerges(bytes: Uint8Array, size: number): Merges {
  const merges: [number, number][] = [];
  let tokens: Int32Array = Int32Array.from(bytes);
  while (256 + merges.length < size) {
    const counts = new Int32Array(size * size);
    for (let i = 0; i + 1 < tokens.length; i++) counts[tokens[i] * size + tokens[i + 1]]++;
    let best = 0;
    for (let p = 0; p < counts.length; p++) if (counts[p] > counts[best]) best = p;
    merges.push([Math.floor(best / size), best % size]);
    tokens = merge(tokens, merges[merges.length - 1], 255 + merges.length);
  }
  return merges;
}

/** A text as tokens. */
export const encoded = (merges: Merges, text: string): Int32Array =>
  merges.reduce<Int32Array>(
    (tokens, pair, i) => merge(tokens, pair, 256 + i),
    Int32Array.from(new TextEncoder().encode(text)),
  );
