// Scaled gradient descent: θ⁺ = θ − η B(θ)⁻¹ ∇F(θ), where the parametrisation's metric B makes the rate free of the
// condition number. For X = VWᵀ this is ScaledGD (Tong, Ma, Chi 2021): V⁺ = V − η G W (WᵀW)⁻¹, W⁺ = W − η Gᵀ V (VᵀV)⁻¹, and
// with the damped metric (WᵀW + λI)⁻¹ it is ScaledGD(λ) (Xu, Shen, Chi, Ma 2023), which needs no exact rank.
// Cost: one evaluation and two thin QR factorisations a step.

import type { Rule, Theta } from '../descend.js';
import { axpy } from './vector.js';

/**
 * @param stepSize η in (0, 1]; ½ is a safe choice.
 * @param metric B(θ)⁻¹ applied to a direction, as the parametrisation gives it.
 */
export const scaled =
  (stepSize: number, metric: (theta: Theta, direction: Theta) => Theta): Rule =>
  () =>
  (it) => ({ theta: axpy(-stepSize, metric(it.theta, it.grad), it.theta) });
