// Reverse-mode differentiation on the kernels: a tape, and the operations of small language and denoising models.

export { gated, gelu, silu } from './activations.js';
export { type Arena, createArena, type Mark } from './arena.js';
export { type AttentionOptions, attention, type Rotations, rotate, rotations } from './attention.js';
export { crossEntropy, meanSquare } from './losses.js';
export { layerNorm, rmsNorm } from './norms.js';
export { add, addRow, gather, type MatmulOptions, matmul, multiply, scale } from './products.js';
export { backward, columns, constant, type Node, openTape, parameter, type Tape } from './tape.js';
