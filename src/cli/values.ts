// Values of options: each parser says what it should be, what it got, and how to write it.

import { Option } from 'commander';
import { nearest, usageError } from '../errors.js';

type Parse<T> = (text: string) => T;

const number =
  (flag: string, what: string, fits: (x: number) => boolean, example: string): Parse<number> =>
  (text) => {
    const x = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(x) || !fits(x))
      throw usageError(`${flag} should be ${what}, got ${text}`, `for example ${flag} ${example}`);
    return x;
  };

/** 1, 2, 3, … */
export const countOf = (flag: string, example = '5') =>
  number(flag, 'a whole number of at least 1', (x) => Number.isSafeInteger(x) && x >= 1, example);

export const positiveOf = (flag: string, example: string) => number(flag, 'a positive number', (x) => x > 0, example);

export const notNegativeOf = (flag: string, example: string) =>
  number(flag, 'zero or a positive number', (x) => x >= 0, example);

/** In [0, 1). */
export const shareOf = (flag: string, example: string) =>
  number(flag, 'a share from 0 to below 1', (x) => x >= 0 && x < 1, example);

export const seedOf = number('--seed', 'a whole number of at least 0', (x) => Number.isSafeInteger(x) && x >= 0, '7');

export const shapeOf: Parse<[number, number]> = (text) => {
  const parts = text.split(/[,x×]/).map(Number);
  if (parts.length !== 2 || !parts.every((x) => Number.isSafeInteger(x) && x >= 1))
    throw usageError(`--shape should be two whole numbers n1,n2, got ${text}`, 'for example --shape 40,30');
  return [parts[0], parts[1]];
};

/** One of some names; another one is answered with those near to it. */
export const nameOf =
  (flag: string, names: readonly string[]): Parse<string> =>
  (text) => {
    if (!names.includes(text))
      throw usageError(
        `${flag} should be one of ${names.join(', ')}, got ${text}`,
        `did you mean ${nearest(text, names).slice(0, 2).join(', or ')}?`,
      );
    return text;
  };

/** --rank of complete. */
export const rankOf: Parse<number | 'auto'> = (text) => {
  if (text === 'auto') return 'auto';
  const x = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(x) || x < 1)
    throw usageError(
      `--rank should be auto or a whole number of at least 1, got ${text}`,
      'with --rank auto the held-out entries choose, and may choose the biases alone (rank 0)',
    );
  return x;
};

/** A column by name, or by its number counted from 1. */
export const columnOf: Parse<string | number> = (text) => (/^[1-9]\d*$/.test(text) ? Number(text) : text);

export const option = <T>(flags: string, description: string, parse?: Parse<T>): Option => {
  const made = new Option(flags, description);
  return parse ? made.argParser(parse) : made;
};

export const outputOptions = (what: string): Option[] => [
  option('-o, --output <file>', what),
  option('--force', 'replace an existing output'),
  option('--resume', 'go on from the checkpoint that an interrupted run left beside the output'),
];

/** Where a chain of factors starts. */
export const chainStarts = ['orthogonal', 'gaussian', 'identity', 'invariant', 'surrogate'];

export const chainOptions: readonly Option[] = [
  option('--depth <L>', 'of deep and compressed-deep: factors in the chain (default: 3)', countOf('--depth', '3')),
  option(
    '--outer-step <g>',
    'of compressed-deep: step of the outer factors, over --step',
    notNegativeOf('--outer-step', '0.1'),
  ),
  option('--weight-decay <l>', 'of deep and compressed-deep (default: 0)', notNegativeOf('--weight-decay', '1e-3')),
];

export const runOptions: readonly Option[] = [
  option(
    '--iterations <count>',
    'most steps of the run, of all its descents together',
    countOf('--iterations', '1000'),
  ),
  option('--tolerance <share>', 'where it counts as converged', positiveOf('--tolerance', '1e-9')),
  option('--precision <kind>', 'storage and arithmetic').choices(['auto', 'f32', 'f64']),
  option('--seed <number>', 'where every random number comes from; the default is fixed, and printed', seedOf),
];
