// The WASM twins of the kernels, on a machine: memory and a team of threads. One file for each group in simd/.

import type { Kernels } from './contract.js';
import { createMachine } from './machine.js';
import { referenceKernels } from './reference.js';
import { simdEntries } from './simd/entries.js';
import { simdGemm } from './simd/gemm.js';
import { simdHadamard } from './simd/hadamard.js';
import { simdPosterior } from './simd/posterior.js';
import { simdRotations } from './simd/rotations.js';
import { simdRows } from './simd/rows.js';
import { simdSigns } from './simd/signs.js';
import { pooledTeam, soloTeam, type Team } from './team.js';
import { base64, memoryFlag } from './wasm.generated.js';

/** The compiled module; shared: for shared memories. Undefined where SIMD does not run. */
export function compile(shared: boolean): WebAssembly.Module | undefined {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  bytes[memoryFlag] = shared ? 3 : 1;
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}

export const soloKernels = (module: WebAssembly.Module): Kernels => assemble(soloTeam(module), false);

export const pooledKernels = async (module: WebAssembly.Module, threads: number): Promise<Kernels> =>
  assemble(await pooledTeam(module, threads), true);

function assemble(team: Team, shared: boolean): Kernels {
  const machine = createMachine(team, shared);
  const { space } = machine;
  return {
    ...referenceKernels(),
    build: 'simd128',
    threads: team.threads,
    allocate: space.allocate,
    scoped: space.scoped,
    close: team.close,
    ...simdRows(machine),
    ...simdSigns(machine),
    ...simdHadamard(machine),
    ...simdGemm(machine),
    ...simdEntries(machine),
    ...simdPosterior(machine),
    ...simdRotations(machine),
  };
}
