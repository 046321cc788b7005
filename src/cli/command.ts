// What a command is to the program.

import type { Command } from 'commander';
import type { Context } from './context.js';

/** Adds a command to the program; its action returns the exit code. */
export type AddCommand = (add: (name: string) => Command, act: Act) => void;

/** Wraps an action so that it gets the context before its arguments and options. */
export type Act = <A extends unknown[]>(
  run: (context: Context, ...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;
