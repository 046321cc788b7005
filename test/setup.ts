// Runs once before all tests: the sources that workers are started from are bundled, as the build does it.
export default async function setup(): Promise<void> {
  const { bundleWorkers } = await import('../scripts/bundle-workers.mjs' as string);
  await bundleWorkers();
}
