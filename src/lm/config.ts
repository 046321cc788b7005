// Reading config.json of a model: whole numbers, rates and names, with what they should be in every message.

import { dataError } from '../errors.js';

/** config.json. */
export type Config = Readonly<Record<string, unknown>>;

const wrong = (what: string, hint = 'check config.json') => dataError(`config.json: ${what}`, hint);

/** A whole number of at least 1. */
export function count(config: Config, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (!(Number.isSafeInteger(value) && (value as number) >= 1))
    throw wrong(`${key} should be a whole number of at least 1, got ${JSON.stringify(value)}`);
  return value as number;
}

/** A positive number. */
export function positive(config: Config, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (!(typeof value === 'number' && value > 0 && value < Infinity))
    throw wrong(`${key} should be a positive number, got ${JSON.stringify(value)}`);
  return value;
}

/** One of some values; what is not there counts as the first one. */
export function among<T>(config: Config, key: string, values: readonly T[]): T {
  const value = (config[key] ?? values[0]) as T;
  if (!values.includes(value))
    throw wrong(
      `${key} should be ${values.map((one) => JSON.stringify(one)).join(' or ')}, got ${JSON.stringify(value)}`,
      'a model with it is not supported',
    );
  return value;
}

/** @throws data error unless one divides the other. */
export function divides(one: number, other: number, names: string): void {
  if (other % one !== 0) throw wrong(`${names} should divide, got ${one} and ${other}`);
}
