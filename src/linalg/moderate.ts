// Data at the door: squares of squares of numbers must neither overflow nor vanish.

import { dataError } from '../errors.js';

const [LEAST, MOST] = [1e-60, 1e60];

/**
 * @param largest of the sizes of the numbers.
 * @param what they are, for the message: 'complete: the values'.
 * @throws data error where it is not 0 and outside 1e-60 … 1e60.
 */
export function requireModerate(largest: number, what: string): void {
  if (largest !== 0 && !(largest >= LEAST && largest <= MOST))
    throw dataError(
      `${what} should be of moderate size, ${LEAST} to ${MOST} the largest, got ${largest.toExponential(0)}`,
      'multiply them by a power of ten',
    );
}
