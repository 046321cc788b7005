// Every example of README.md and docs/ is executed, in an empty project into which the packed package was installed.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Block, blocksOf } from './blocks.js';
import { built, installed, remove } from './built.js';
import { files, root } from './code.js';

const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

function run(block: Block, folder: string): string {
  const environment = {
    ...process.env,
    PATH: `${join(folder, '..', 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
    NO_COLOR: '1',
  };
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe'];
  const options = { cwd: folder, encoding: 'utf8' as const, env: environment, stdio };
  if (block.language === 'sh') return execFileSync('sh', ['-e', '-c', block.text], options);
  const file = join(folder, `example-${block.line}.mjs`);
  writeFileSync(file, transformSync(block.text, { loader: 'ts', target: 'es2022' }).code);
  return execFileSync(process.execPath, [file], options);
}

const pages = files('docs', '.md').map(({ path }) => path);

describe.each(pages)('the examples of %s', (page) => {
  const blocks = blocksOf(page);
  let folder: string;
  beforeAll(async () => {
    ({ folder } = await installed());
  }, 300_000);
  afterAll(() => remove(folder));

  it('are there', () => expect(blocks.length).toBeGreaterThan(0));
  it.skipIf(process.platform === 'win32').each(blocks.map((block) => [block.line, block] as const))(
    'line %d runs',
    (_line, block) => {
      const printed = run(block, folder);
      if (block.output !== undefined) expect(printed).toBe(block.output);
    },
  );
});

describe('the examples in TypeScript', () => {
  it('have the types that they should', async () => {
    const { folder } = await installed();
    const names = [...pages, 'README.md'].flatMap((page) =>
      blocksOf(page)
        .filter(({ language }) => language === 'ts')
        .map(({ text, line }) => {
          const name = `${page.replaceAll('/', '-')}-${line}.ts`;
          writeFileSync(join(folder, name), `${text}\nexport {};\n`);
          return name;
        }),
    );
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

describe('README.md', () => {
  const commands = blocksOf('README.md')
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n').filter(Boolean));

  it('starts with two commands: the demo, and the tests', () =>
    expect(commands.slice(0, 2).map((command) => command.replace(/ *#.*/, ''))).toEqual([
      'npm ci && npm run demo',
      'npm ci && npm test',
    ]));
  it('has a demo that runs in under a minute', async () => {
    await built();
    expect(scripts.demo).toMatch(/ node dist\/node\/cli\.js demo$/);
    const printed = execFileSync(process.execPath, ['dist/node/cli.js', 'demo'], { cwd: root, encoding: 'utf8' });
    expect(printed).not.toBe('');
  });
  it.skipIf(process.platform === 'win32')('has other examples that run', async () => {
    const { folder } = await installed();
    for (const block of blocksOf('README.md').filter(({ text }) => !text.includes('npm ci'))) {
      const printed = run(block, folder);
      if (block.output !== undefined) expect(printed).toBe(block.output);
    }
  });
});
