// Readers do not know the name of what they read; whoever opened it does.

import { LorankError } from '../errors.js';

/** Runs body; an error of a reader gets the name of the file in place of the name of the reader. */
export async function naming<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (thrown) {
    if (!(thrown instanceof LorankError) || (thrown.code !== 'data' && thrown.code !== 'usage')) throw thrown;
    const { code, message, hint } = thrown;
    throw new LorankError(code, `${path}: ${message.replace(/^[\w.]+: /, '')}`, hint, { cause: thrown });
  }
}
