// What is compared, at which sizes, and the learning rates of each method: five by factors of two, around what a pilot on other
// seeds found best.

import type { InitMethod, TrainOptions } from 'lorank';
import type { Size } from '../paper.js';

export const PARTS = ['decoder', 'denoiser'] as const;
export type Part = (typeof PARTS)[number];

/** How an adapter is started and trained. */
export interface Method {
  readonly name: string;
  readonly start: InitMethod;
  readonly preconditioner?: TrainOptions['preconditioner'];
  /** The middle of the learning rates. */
  readonly rate: Readonly<Record<Part, number>>;
}

/** Of starts that leave the base alone, and of those that train what they took out of it. */
const PLAIN = { decoder: 0.032, denoiser: 0.016 };
const MOVED = { decoder: 0.016, denoiser: 0.008 };

export const METHODS = {
  lora: { name: 'LoRA', start: 'kaiming', rate: PLAIN },
  'lora-p': { name: 'LoRA-P', start: 'kaiming', preconditioner: 'authors', rate: PLAIN },
  nystrom: { name: 'Nyström', start: 'nystrom', rate: PLAIN },
  'nystrom-p': { name: 'Nyström + P', start: 'nystrom', preconditioner: 'authors', rate: PLAIN },
  'nystrom-r': { name: 'Nyström + R', start: 'nystrom', preconditioner: 'riemannian', rate: PLAIN },
  pissa: { name: 'PiSSA', start: 'pissa', rate: MOVED },
  olora: { name: 'OLoRA', start: 'olora', rate: MOVED },
  orthogonal: { name: 'orthogonal', start: 'orthogonal', rate: PLAIN },
} as const satisfies Readonly<Record<string, Method>>;

export type MethodId = keyof typeof METHODS;
export const methodIds = Object.keys(METHODS) as MethodId[];

export const RANK = 4;
export const SCALING = 2; // s
export const SIGMA = 0.1; // ξ

/** Shares of the steps at which the held-out loss is taken. */
export const LOOKS = 10;

export interface Sizes {
  /** Around the middle of each method. */
  readonly factors: readonly number[];
  readonly seeds: number;
  readonly decoder: {
    readonly width: number;
    readonly layers: number;
    readonly vocabulary: number;
    readonly length: number;
    readonly batch: number;
    /** Of the base. */
    readonly pretraining: number;
    readonly steps: number;
    readonly heldOutBatches: number;
  };
  readonly denoiser: {
    readonly width: number;
    readonly layers: number;
    readonly pixels: number;
    readonly batch: number;
    readonly pretraining: number;
    readonly steps: number;
    readonly heldOutBatches: number;
  };
}

export const sizes: Readonly<Record<Size, Sizes>> = {
  quick: {
    factors: [1 / 4, 1 / 2, 1, 2, 4],
    seeds: 5,
    decoder: {
      width: 64,
      layers: 2,
      vocabulary: 512,
      length: 32,
      batch: 8,
      pretraining: 2400,
      steps: 80,
      heldOutBatches: 8,
    },
    denoiser: { width: 48, layers: 2, pixels: 12, batch: 16, pretraining: 2000, steps: 80, heldOutBatches: 6 },
  },
  full: {
    factors: [1 / 4, 1 / 2, 1, 2, 4],
    seeds: 8,
    decoder: {
      width: 96,
      layers: 3,
      vocabulary: 1024,
      length: 64,
      batch: 8,
      pretraining: 6000,
      steps: 200,
      heldOutBatches: 20,
    },
    denoiser: { width: 64, layers: 3, pixels: 16, batch: 16, pretraining: 4000, steps: 200, heldOutBatches: 16 },
  },
};
