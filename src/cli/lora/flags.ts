// Flags that the verbs which write an adapter or a model share.

import type { Option } from 'commander';
import { usageError } from '../../errors.js';
import { option } from '../values.js';

export interface WritingFlags {
  output?: string;
  dryRun?: boolean;
  force?: boolean;
  resume?: boolean;
}

export const writingOptions = (what: string): Option[] => [
  option('-o, --output <folder>', `${what} (needed, but for --dry-run)`),
  option('--dry-run', 'compute and report, and write nothing'),
  option('--force', 'replace an existing output'),
  option('--resume', 'go on with what an interrupted run left beside the output'),
];

/** A share of ‖ΔW‖², above 0 and at most 1. */
export function energyOf(text: string): number {
  const share = text.trim() === '' ? Number.NaN : Number(text);
  if (!(share > 0 && share <= 1))
    throw usageError(`--energy should be a share above 0 and at most 1, got ${text}`, 'for example --energy 0.95');
  return share;
}
