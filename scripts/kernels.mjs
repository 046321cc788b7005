// Compiles src/kernels/assembly to WebAssembly and writes src/kernels/wasm.generated.ts: the bytes, and the hash of the
// sources they were made from. The file is committed; test/kernels/build.test.ts rebuilds it and compares.

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = resolve(root, 'src/kernels/assembly');
const target = resolve(root, 'src/kernels/wasm.generated.ts');

const flags = [
  '-O3',
  '--noAssert',
  '--runtime=stub',
  '--use=abort=',
  '--enable=simd,threads',
  '--importMemory',
  '--noExportMemory',
  '--sharedMemory',
  '--initialMemory=1',
  '--maximumMemory=65536',
];

/** The sources, in the order of their names. */
async function sources() {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  const texts = await Promise.all(names.map((name) => readFile(resolve(folder, name), 'utf8')));
  return new Map(names.map((name, i) => [name, texts[i].replaceAll('\r\n', '\n')]));
}

/** Where the imported memory says whether it is shared: the byte after the import's name and kind. */
function memoryFlag(bytes) {
  const name = Buffer.from('\x03env\x06memory\x02', 'latin1');
  const at = Buffer.from(bytes).indexOf(name);
  if (at < 0 || bytes[at + name.length] !== 3) throw new Error('kernels: the module should import a shared memory');
  return at + name.length;
}

/** The text of wasm.generated.ts for the sources as they are. */
export async function generate() {
  const files = await sources();
  const hash = createHash('sha256');
  for (const [name, text] of files) hash.update(`${name}\n${text}\n`);
  let bytes;
  const { error, stderr } = await asc.main(['index.ts', ...flags, '--outFile', 'kernels.wasm'], {
    readFile: (name) => files.get(name) ?? null,
    writeFile: (_name, content) => void (bytes = content),
    listFiles: () => [],
  });
  if (error) throw new Error(`${stderr}`, { cause: error });
  return [
    '// Written by scripts/kernels.mjs from assembly/; do not edit.',
    `export const sourceHash = '${hash.digest('hex')}';`,
    '/** The byte that says whether the imported memory is shared: 3 in these bytes, 1 for an unshared one. */',
    `export const memoryFlag = ${memoryFlag(bytes)};`,
    `export const base64 =\n  '${Buffer.from(bytes).toString('base64')}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(target, await generate());
