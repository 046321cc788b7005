// The one line on stderr that shows a run in progress, drawn at most ten times a second and only on a terminal.

import { clearLine, cursorTo } from 'node:readline';
import type { Context } from './context.js';
import { grouped, secondsText } from './table.js';

export interface Bar {
  /** share: how much is done, in [0, 1], a guess. what: the words beside it. Both are asked for only when drawn. */
  show(step: number, share: () => number, what: () => string): void;
  clear(): void;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` cells, filled to a share in [0, 1]. */
export function cells(share: number, width: number): string {
  const eighths = Math.round(8 * width * Math.min(1, Math.max(0, share)));
  return `${'█'.repeat(eighths >> 3)}${EIGHTHS[eighths & 7]}`.padEnd(width);
}

export function openBar({ io, flags }: Context): Bar {
  const { stderr } = io;
  if (!stderr.isTTY || flags.quiet) return { show: () => {}, clear: () => {} };
  const start = performance.now();
  let first: { step: number; share: number } | undefined;
  let drawn = start;
  let shown = false;
  return {
    show(step, share, what) {
      const now = performance.now();
      first ??= { step, share: share() };
      if (now - drawn < 100) return;
      drawn = now;
      shown = true;
      const done = share();
      const seconds = (now - start) / 1000;
      const rate = (step - first.step) / seconds;
      const pace = (done - first.share) / seconds;
      const left = pace > 0 ? `, about ${secondsText((1 - done) / pace)} left` : '';
      const line = `${cells(done, 16)} step ${grouped(step)}: ${what()}; ${figureRate(rate)} steps/s${left}`;
      cursorTo(stderr, 0);
      stderr.write(line.slice(0, (stderr.columns ?? 80) - 1));
      clearLine(stderr, 1);
    },
    clear() {
      if (!shown) return;
      cursorTo(stderr, 0);
      clearLine(stderr, 0);
      shown = false;
    },
  };
}

const figureRate = (rate: number): string => grouped(rate < 10 ? Math.round(10 * rate) / 10 : Math.round(rate));
