// What a program started by spawn() sees, the same in Node and in a page: messages both ways, and a clock.

interface Inside {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}
const inside = globalThis as unknown as Inside;

export const onMessage = (listener: (message: unknown) => void): void => {
  inside.onmessage = (event) => listener(event.data);
};
export const postMessage = (message: unknown, transfer: Transferable[] = []): void =>
  inside.postMessage(message, transfer);

/** Milliseconds since some fixed moment. */
export const now = (): number => performance.now();
