// Runs reproductions in their quick size and writes what is committed of them: papers/<id>/results/<table>.csv and README.md.
// "node scripts/papers.mjs [id …]"; without ids all of them; --readme writes README.md from the results that are there.
// Needs dist/ (npm run build).

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_SEED } from '../dist/node/index.js';
import { fromCsv, judge, loadPaper, paperIds, readmeText, runPaper, toCsv } from '../dist/node/papers/index.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const asked = process.argv.slice(2);
const onlyReadme = asked.includes('--readme');
const ids = asked.filter((arg) => !arg.startsWith('-'));

for (const id of ids.length > 0 ? ids : paperIds) {
  const paper = await loadPaper(id);
  const results = join(root, 'papers', id, 'results');
  const tables = onlyReadme ? await committed(results) : await computed(paper, results);
  const judged = judge(paper, tables, 'quick');
  await writeFile(join(root, 'papers', id, 'README.md'), readmeText(paper, judged, DEFAULT_SEED));
  for (const { id: claim, status, value, note } of [...judged.claims, ...judged.controls])
    console.log(claim.padEnd(8), status.padEnd(20), value, note ?? '');
}

async function computed(paper, results) {
  const tables = await runPaper(paper, { size: 'quick', seed: DEFAULT_SEED, threads: availableParallelism() });
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  for (const [table, rows] of Object.entries(tables)) await writeFile(join(results, `${table}.csv`), toCsv(rows));
  return tables;
}

async function committed(results) {
  const names = (await readdir(results)).filter((name) => name.endsWith('.csv'));
  const read = async (name) => [name.slice(0, -4), fromCsv(await readFile(join(results, name), 'utf8'))];
  return Object.fromEntries(await Promise.all(names.map(read)));
}
