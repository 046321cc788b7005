import { createRequire } from 'node:module';

/** The version of this package. */
export const version = (): string =>
  (createRequire(import.meta.url)('lorank/package.json') as { version: string }).version;

/** What a manifest says of the programs that computed it. */
export const versions = (): Record<string, string> => ({ lorank: version(), node: process.versions.node });
