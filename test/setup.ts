// Runs once before all tests: the sources that workers are started from are bundled, as the build does it. And once after
// them: what tests of the package installed is removed.

import { removeInstalled } from './house/built.js';

export default async function setup(): Promise<() => void> {
  process.env.LORANK_TEST_RUN = String(process.pid);
  const { bundleWorkers } = await import('../scripts/bundle-workers.mjs' as string);
  await bundleWorkers();
  return removeInstalled;
}
