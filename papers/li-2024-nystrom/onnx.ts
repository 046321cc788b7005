// The constants of an ONNX file: just enough of protobuf to read them. A message is a run of fields, each a key (number and
// wire type) and a value. Model.graph = 7, Graph.node = 1, Graph.initializer = 5, Node.output = 2, Node.op_type = 4,
// Node.attribute = 5, Attribute.t = 5; Tensor: dims = 1, data_type = 2 (1 is f32), name = 8, raw_data = 9.

type Field = readonly [number: number, value: number | Uint8Array];

/** The fields of a message, in their order. */
function* fieldsOf(message: Uint8Array): Generator<Field, void> {
  let at = 0;
  const varint = (): number => {
    let [value, unit] = [0, 1];
    for (;;) {
      const byte = message[at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [number, wire] = [key >>> 3, key & 7];
    if (wire === 0) {
      yield [number, varint()];
      continue;
    }
    const length = wire === 2 ? varint() : wire === 5 ? 4 : wire === 1 ? 8 : Number.NaN;
    if (!(at + length <= message.length))
      throw new Error(`onnx: a field of wire type ${wire} does not fit at byte ${at}`);
    yield [number, message.subarray(at, at + length)];
    at += length;
  }
}

const parts = (message: Uint8Array, number: number): Uint8Array[] =>
  [...fieldsOf(message)].flatMap(([found, value]) => (found === number && typeof value !== 'number' ? [value] : []));
const words = (message: Uint8Array, number: number): string[] =>
  parts(message, number).map((value) => new TextDecoder().decode(value));

/** A constant of f32 numbers. */
export interface Constant {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** The f32 constants with raw data, initialisers and Constant nodes alike, by name. */
export function onnxConstants(file: Uint8Array): Map<string, Constant> {
  const found = new Map<string, Constant>();
  const take = (name: string, tensor: Uint8Array) => {
    const dims: number[] = [];
    let type = 0;
    let raw: Uint8Array | undefined;
    for (const [number, value] of fieldsOf(tensor)) {
      if (number === 1 && typeof value === 'number') dims.push(value);
      if (number === 2) type = Number(value);
      if (number === 9 && typeof value !== 'number') raw = value;
    }
    if (type === 1 && raw) found.set(name, { dims, data: new Float32Array(new Uint8Array(raw).buffer) });
  };
  for (const graph of parts(file, 7)) {
    for (const tensor of parts(graph, 5)) take(words(tensor, 8)[0], tensor);
    for (const node of parts(graph, 1))
      if (words(node, 4)[0] === 'Constant')
        for (const tensor of parts(node, 5).flatMap((attribute) => parts(attribute, 5)))
          take(words(node, 2)[0], tensor);
  }
  return found;
}
