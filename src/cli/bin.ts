#!/usr/bin/env node
// The process around main: signals, streams that close, and the exit code.

import { EXIT, tellFailure } from './failure.js';
import { main } from './main.js';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted); // the second time: at once
    interrupt.abort();
  });
// the error of a closed stream comes back from the write that met it
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const { stdin, stdout, stderr, env } = process;
const io = { stdin, stdout, stderr, env, signal: interrupt.signal };
const argv = process.argv.slice(2);
process.on('uncaughtException', async (error) => {
  const flags = { json: argv.includes('--json'), debug: argv.includes('--debug') };
  process.exit(await tellFailure(error, io, { ...flags, command: 'lorank' }));
});
process.exitCode = await main(argv, io);
stdin.destroy(); // a pipe that is still open must not keep the process
