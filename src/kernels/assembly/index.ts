// All kernels, one file for each group. A kernel takes (task, thread, …) and reads and writes raw addresses of the
// imported memory; it allocates nothing. A task is the unit of work that one thread takes.

export * from './entries';
export * from './gemm';
export * from './gemv';
export * from './hadamard';
export * from './posterior';
export * from './rotations';
export * from './rows';
export * from './signs';
