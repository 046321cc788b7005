// The work of lorank reproduce: runs the grid of a paper, keeps finished cells, judges, and writes the folder. The folder
// appears with its manifest last, so that a folder with a manifest is whole.

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cores } from '#platform';
import {
  claimsDocument,
  fromCsv,
  judge,
  loadPaper,
  outputsOf,
  type Paper,
  type Progress,
  paperIds,
  type Reproduced,
  type Row,
  runPaper,
  type Size,
  statusText,
  toCsv,
  valueText,
} from '../../papers/index.js';
import { nearest, usageError } from '../errors.js';
import { singleKernels } from '../kernels/index.js';
import { DEFAULT_SEED } from '../random/index.js';
import { openBar } from './bar.js';
import type { Context } from './context.js';
import { EXIT } from './failure.js';
import { readWhole, sha256Of, textBytes, writeWhole } from './files.js';
import type { ReproduceSpec, ReproductionManifest } from './reproductionManifest.js';
import { secondsText } from './table.js';
import { checkFile, type Verdict, type Verification } from './verification.js';
import { versions } from './version.js';

export interface ReproduceOptions {
  readonly size: Size;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: boolean;
}

const MANIFEST = 'manifest.json';
/** In the folder while the run is not finished: the description, the rows of finished cells, and what cells start from. */
const UNFINISHED = 'unfinished';
const ROWS = '.csv';
const BASE = '.base';

/** What an interrupted run left. */
interface Kept {
  readonly rows: Map<string, Row[]>;
  readonly bases: Map<string, Uint8Array>;
}

export async function listPapers(context: Context): Promise<number> {
  const papers = await Promise.all(paperIds.map(loadPaper));
  const listed = papers.map(({ id, title, claims }) => ({
    id,
    title,
    claims: claims.map(({ id: claim, statement }) => ({ id: claim, statement })),
  }));
  await context.report(listed, () =>
    papers
      .map(({ id, title, reference, claims }) => `${id}\n  ${title}\n  ${reference}\n  ${claims.length} claims\n`)
      .join('\n'),
  );
  return EXIT.fine;
}

/** Returns the exit code. */
export async function reproduce(context: Context, id: string | undefined, options: ReproduceOptions): Promise<number> {
  const { size, seed = DEFAULT_SEED, out, resume = false } = options;
  const paper = await named(id);
  if (resume && out === undefined)
    throw usageError('--resume needs --out: finished cells lie in that folder', 'add --out <folder>');
  const spec: ReproduceSpec = { lorank: 1, task: 'reproduce', paper: paper.id, size, seed };
  const kept = out === undefined ? undefined : await openFolder(out, spec, resume, context);
  const start = performance.now();
  const made = await computed(context, paper, spec, out, kept);
  const seconds = (performance.now() - start) / 1000;
  if (out !== undefined) await writeFolder(context, out, spec, made);
  const document = { ...claimsDocument(made), seconds, threads: threadsOf(context), out };
  await context.report(document, () => reportText(made, seconds, out));
  return made.judged.counts.contradicted > 0 ? EXIT.claim : EXIT.fine;
}

/** Checks the files of a reproduction against its manifest, computes it again, and compares. */
export async function verifyReproduction(
  context: Context,
  path: string,
  { spec, outputs: listed, kernels }: ReproductionManifest,
): Promise<Verification> {
  const paper = await named(spec.paper);
  const files = await Promise.all(listed.map((one) => checkFile(dirname(path), one)));
  if (files.some(({ file }) => file !== 'same')) return { manifest: path, verified: false, inputs: [], outputs: files };
  const again = await outputsOf(await computed(context, paper, spec));
  const outputs = files.map((file, i) => {
    const made = again.get(listed[i].path);
    const recomputed: Verdict = !made ? 'missing' : sha256Of([made]) === listed[i].sha256 ? 'same' : 'different';
    return { ...file, recomputed };
  });
  const verified =
    outputs.length === again.size && outputs.every(({ file, recomputed }) => file === 'same' && recomputed === 'same');
  const otherKernels = singleKernels().build === kernels ? undefined : kernels;
  return { manifest: path, verified, inputs: [], outputs, otherKernels };
}

/** Computes a reproduction; finished cells are kept in the folder, where there is one. */
async function computed(
  context: Context,
  paper: Paper,
  { size, seed }: ReproduceSpec,
  out?: string,
  kept?: Kept,
): Promise<Reproduced> {
  const bar = openBar(context);
  const show = (id: string, { done, cells }: Progress) =>
    bar.show(
      done,
      () => done / cells,
      () => `${done} of ${cells} cells, ${id}`,
    );
  try {
    const tables = await runPaper(paper, {
      size,
      seed,
      kept: kept?.rows,
      keptBases: kept?.bases,
      threads: threadsOf(context),
      signal: context.io.signal,
      async onBase({ id }, bytes, progress) {
        if (out !== undefined) await writeWhole(keptFile(out, id, BASE), [bytes]);
        show(id, progress);
      },
      async onCell({ id }, rows, progress) {
        if (out !== undefined) await writeWhole(keptFile(out, id, ROWS), [textBytes(toCsv(rows))]);
        show(id, progress);
      },
    });
    return { paper, size, seed, tables, judged: judge(paper, tables, size) };
  } finally {
    bar.clear();
  }
}

const threadsOf = ({ flags }: Context): number => flags.threads ?? cores();
const keptFile = (out: string, id: string, end: string): string => join(out, UNFINISHED, `${id}${end}`);

async function named(id: string | undefined): Promise<Paper> {
  if (id === undefined) throw usageError('no paper is named', 'lorank reproduce --list names them');
  if (!paperIds.includes(id))
    throw usageError(`there is no paper ${id}`, `did you mean ${nearest(id, paperIds).join(', or ')}?`);
  return loadPaper(id);
}

/** Makes the folder ready; what an interrupted run left there. Refuses a folder that holds anything else. */
async function openFolder(out: string, spec: ReproduceSpec, resume: boolean, { commandLine }: Context): Promise<Kept> {
  const parent = dirname(resolve(out));
  const [place, there] = await Promise.all([parent, out].map((path) => stat(path).catch(() => undefined)));
  if (!place?.isDirectory()) throw usageError(`${out}: the folder ${parent} does not exist`, `mkdir -p '${parent}'`);
  if (there && !there.isDirectory()) throw usageError(`${out} is a file, a folder is needed`, 'name another folder');
  const names = there ? await readdir(out) : [];
  const unfinished = names.includes(UNFINISHED);
  if (resume && !unfinished)
    throw usageError(`${out} holds no interrupted run`, 'run the same command without --resume');
  if (unfinished && !resume)
    throw usageError(`${out} holds an interrupted run`, `${commandLine} --resume goes on; or name another folder`);
  if (!unfinished && names.length > 0)
    throw usageError(
      `${out} holds other files (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`,
      names.includes(MANIFEST) ? `lorank verify ${out} checks them; or name another folder` : 'name another folder',
    );
  await mkdir(join(out, UNFINISHED), { recursive: true });
  const identity = JSON.stringify({ ...spec, ...versions() });
  const description = join(out, UNFINISHED, 'run.json');
  const kept: Kept = { rows: new Map(), bases: new Map() };
  if (!unfinished) {
    await writeWhole(description, [textBytes(identity)]);
    return kept;
  }
  const other = new TextDecoder().decode(await readWhole(description));
  if (other !== identity)
    throw usageError(
      `${out} holds an interrupted run of something else: ${other}`,
      'repeat that run, or name another folder',
    );
  for (const name of await readdir(join(out, UNFINISHED))) {
    const read = () => readWhole(join(out, UNFINISHED, name));
    if (name.endsWith(ROWS))
      kept.rows.set(name.slice(0, -ROWS.length), fromCsv(new TextDecoder().decode(await read())));
    if (name.endsWith(BASE)) kept.bases.set(name.slice(0, -BASE.length), new Uint8Array(await read()));
  }
  return kept;
}

async function writeFolder(context: Context, out: string, spec: ReproduceSpec, made: Reproduced): Promise<void> {
  const files = await outputsOf(made);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeWhole(join(out, path), [bytes]);
  }
  const manifest: ReproductionManifest = {
    spec,
    versions: versions(),
    kernels: singleKernels().build,
    threads: threadsOf(context),
    inputs: [],
    outputs: [...files].map(([path, bytes]) => ({ path, sha256: sha256Of([bytes]) })),
    outcome: made.judged.counts.contradicted > 0 ? 'contradicted' : 'supported',
  };
  await writeWhole(join(out, MANIFEST), [textBytes(`${JSON.stringify(manifest, undefined, 2)}\n`)]);
  await rm(join(out, UNFINISHED), { recursive: true });
}

function reportText({ paper, size, seed, judged }: Reproduced, seconds: number, out?: string): string {
  const rows = [
    ...judged.claims.map((c) => ({ ...c, said: c.statement })),
    ...judged.controls.map((c) => ({ ...c, said: `control of ${c.guards.join(', ')}: it breaks ${c.breaks}` })),
  ].map((row) => {
    const status = statusText({ ...row, note: undefined });
    return [row.id, status, valueText(row.value), row.said, row.note] as const;
  });
  const wide = [0, 1, 2].map((j) => Math.max(...rows.map((row) => row[j]!.length)));
  const lines = rows.map(([id, status, value, said, note]) => {
    const start = `  ${id.padEnd(wide[0])}  ${status.padEnd(wide[1])}  ${value.padEnd(wide[2])}  `;
    return `${start}${said}${note ? `\n${' '.repeat(start.length)}${note}` : ''}`;
  });
  const counted = Object.entries(judged.counts).flatMap(([status, n]) => (n > 0 ? [`${n} ${status}`] : []));
  const said = `${counted.join(', ')}; size ${size}, seed ${seed}, ${secondsText(seconds)}`;
  return `${paper.title}\n${paper.reference}\n\n${lines.join('\n')}\n\n${said}\n${out === undefined ? '' : `written to ${out}\n`}`;
}
