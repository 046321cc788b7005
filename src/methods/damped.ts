// Damped scaled steps on measurements, for factors wider than the rank: θ⁺ = θ − η B_λ(θ)⁻¹∇f(θ) with the metric WᵀW + λI.
//
//   ScaledGD(λ)   λ fixed, of the size of σ_r                  (Xu, Shen, Chi, Ma 2023)
//   PrecGD        λ = c‖𝒜(X) − y‖, so that it fades with the misfit   (Zhang, Fattahi, Zhang 2021)
//
// The number of steps depends on κ and on α by a logarithm at most, where gradient descent needs κ² (symmetric; κ of the factor) or κ.
// The price of a fixed λ: every direction of 𝒜*(y) above λ is raised, what is noise there included. So the guard: where σ_{r+1} of
// 𝒜*(y) is as large as σ_r, the error may end at a floor that no smaller start lowers. The λ of PrecGD fades, and so does its floor.
// Defaults where the factors are wider than the rank: λ is the size of what a Gaussian 𝒜*(y) holds beside X, so that this rises
// slowly and X fast, and η is at most what the curvature of 𝒜 allows on as many dimensions as the factors have.
// Cost of a step: one pass over 𝒜 and O((n₁+n₂)k²); of the guard: six products of 𝒜*(y) with r + 11 columns.

import type { Rule } from '../descend.js';
import { norm } from '../linalg/norms.js';
import { randomisedSvd } from '../linalg/randomised.js';
import { matrix } from '../matrix.js';
import { normals, split } from '../random/index.js';
import { scaled } from '../rules/scaled.js';
import { freedom } from './rank.js';
import type { Sensing } from './sensing.js';

/** ‖y‖(√n₁ + √n₂)/√m: about σ₁ of 𝒜*(y) − X for Gaussian measurements. */
export const noiseLevel = ({ train: { operator, y } }: Sensing): number =>
  (norm(y) * (Math.sqrt(operator.rows) + Math.sqrt(operator.cols))) / Math.sqrt(y.length);

/** η = 1/(1 + √(d/m))², at most ½: a Gaussian 𝒜*𝒜 on d dimensions, those of width k, has norm about (1 + √(d/m))². */
export function scaledStep({ train: { operator } }: Sensing, width: number): number {
  const { rows, cols, measurements, symmetric } = operator;
  const root = 1 + Math.sqrt(freedom(Math.min(width, rows, cols), rows, cols, symmetric) / measurements);
  return Math.min(0.5, 1 / (root * root));
}

/** PrecGD on factors of width k. stepSize: η; c: λ as a multiple of ‖𝒜(X) − y‖. */
export function precGd(S: Sensing, width: number, stepSize: number, c: number): Rule {
  const size = norm(S.train.y);
  return (F) => (it) => scaled(stepSize, S.parametrisation(width, c * S.residual(it.loss) * size).metric!)(F)(it);
}

/** σ_{r+1}/σ_r of 𝒜*(y) from which on the signal hardly stands out: neighbours in the spectrum of pure noise are this near. */
const GUARD = 0.65;

/** A sentence where the guard fires on a λ that stays. rank: r. */
export function guardNotes({ K, descentDirection, random }: Sensing, rank: number, width: number): string[] {
  const M = descentDirection();
  if (width <= rank || rank < 1 || rank >= Math.min(M.rows, M.cols)) return [];
  const testMatrix = (rows: number, cols: number) => matrix(rows, cols, normals(split(random, 'guard'), rows * cols));
  const { values } = randomisedSvd(K, M, { rank: rank + 1, testMatrix });
  const ratio = values[rank] / values[rank - 1];
  if (!(ratio > GUARD)) return [];
  return [
    `σ_${rank + 1}/σ_${rank} of 𝒜*(y) is ${Number(ratio.toPrecision(2))}: X hardly stands out of what 𝒜 adds to it, and a fixed damping may end at a floor that no smaller start lowers. Method prec-gd, width ${rank} or more measurements are safer.`,
  ];
}
