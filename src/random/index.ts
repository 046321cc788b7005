// Randomness by name: stream(seed, path, index) and what is drawn from it; and elementary functions with stable bits.

export { fillUniforms, fillWords, permutation, signs, subset, uniforms, words } from './draws.js';
export { exp, log, pow, sincosTurns } from './elementary.js';
export { fillNormals, normals } from './normal.js';
export { at, DEFAULT_SEED, type Stream, split, stream } from './stream.js';
