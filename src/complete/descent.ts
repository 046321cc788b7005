import type { Method } from './complete.js';
export const completeByDescent: Method = () => {
  throw new Error('todo');
};
