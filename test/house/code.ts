// Reads source files as syntax trees, for the tests of the house.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseAst } from 'vite';

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

export interface Source {
  /** From the project root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** What a file names that it does not declare itself. */
export interface Names {
  /** Module specifiers of import, export … from, import() and import types. */
  readonly imports: readonly string[];
  /** Identifiers that no declaration in the file binds. */
  readonly free: ReadonlySet<string>;
  /** Members of Math that the file uses, and '**' for a power that is neither of 2 nor of two whole literals. */
  readonly math: ReadonlySet<string>;
  /** Names of properties that are called or read: `x.name`. */
  readonly members: ReadonlySet<string>;
}

export const root = join(import.meta.dirname, '..', '..');

/** All files under a folder of the project that end so. */
export function files(folder: string, ending = '.ts'): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function* children(node: Node): Generator<[key: string, child: Node]> {
  for (const [key, value] of Object.entries(node))
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield [key, item];
    } else if (isNode(value)) yield [key, value];
}

export const parse = (text: string): Node => parseAst(text, { lang: 'ts' }) as unknown as Node;

const wholeLiteral = (node: unknown) => isNode(node) && node.type === 'Literal' && Number.isInteger(node.value);

/** Powers of two are exact. */
const isTwo = (node: unknown) => isNode(node) && node.type === 'Literal' && node.value === 2;

/** The names in one source text. */
export function names(text: string): Names {
  const imports: string[] = [];
  const used = new Set<string>();
  const bound = new Set<string>();
  const math = new Set<string>();
  const members = new Set<string>();

  const bind = (pattern: Node): void => {
    if (pattern.type === 'Identifier') bound.add(pattern.name as string);
    else for (const [key, child] of children(pattern)) if (key !== 'key' && key !== 'typeAnnotation') bind(child);
  };
  const binders: Record<string, readonly string[]> = {
    VariableDeclarator: ['id'],
    FunctionDeclaration: ['id', 'params'],
    FunctionExpression: ['id', 'params'],
    ArrowFunctionExpression: ['params'],
    ClassDeclaration: ['id'],
    CatchClause: ['param'],
    ImportSpecifier: ['local'],
    ImportDefaultSpecifier: ['local'],
    ImportNamespaceSpecifier: ['local'],
    TSInterfaceDeclaration: ['id'],
    TSTypeAliasDeclaration: ['id'],
    TSTypeParameter: ['name'],
    TSFunctionType: ['params'],
    TSMethodSignature: ['params'],
  };
  const walk = (node: Node, key: string, parent: Node | undefined): void => {
    for (const slot of binders[node.type] ?? [])
      for (const value of [node[slot]].flat()) if (isNode(value)) bind(value);
    const source = node.source;
    if (/^(Import|Export)|^TSImportType/.test(node.type) && isNode(source) && typeof source.value === 'string')
      imports.push(source.value);
    if (node.type === 'BinaryExpression' && node.operator === '**')
      if (!isTwo(node.left) && !(wholeLiteral(node.left) && wholeLiteral(node.right))) math.add('**');
    if (node.type === 'AssignmentExpression' && node.operator === '**=') math.add('**');
    if (node.type === 'MemberExpression' && !node.computed) {
      const property = (node.property as Node).name as string;
      members.add(property);
      if ((node.object as Node).name === 'Math') math.add(property);
    }
    if (node.type === 'Identifier') {
      const isKey =
        (parent?.type === 'MemberExpression' && key === 'property' && !parent.computed) ||
        (key === 'key' && !parent?.computed && !parent?.shorthand) ||
        /^(Import|Export)Specifier$/.test(parent?.type ?? '') ||
        (parent?.type === 'TSQualifiedName' && key === 'right') ||
        key === 'label';
      if (!isKey) used.add(node.name as string);
    }
    for (const [slot, child] of children(node)) walk(child, slot, node);
  };
  walk(parse(text), '', undefined);
  return { imports, free: new Set([...used].filter((name) => !bound.has(name))), math, members };
}

/** The exported names of a module: where each is declared or re-exported from, and the text before its declaration. */
export function exported(
  text: string,
): Map<string, { from?: string; original: string; before: string; isType: boolean }> {
  const found = new Map<string, { from?: string; original: string; before: string; isType: boolean }>();
  for (const statement of parse(text).body as Node[]) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const before = text.slice(0, statement.start).trimEnd();
    const from = isNode(statement.source) ? (statement.source.value as string) : undefined;
    for (const specifier of statement.specifiers as Node[]) {
      const isType = statement.exportKind === 'type' || specifier.exportKind === 'type';
      const original = (specifier.local as Node).name as string;
      found.set((specifier.exported as Node).name as string, { from, original, before, isType });
    }
    const declaration = statement.declaration;
    if (!isNode(declaration)) continue;
    const isType = /^TS(Interface|TypeAlias)/.test(declaration.type);
    const ids =
      declaration.type === 'VariableDeclaration'
        ? (declaration.declarations as Node[]).map((one) => one.id as Node)
        : [declaration.id as Node];
    for (const id of ids) {
      const name = id.name as string;
      if (!found.has(name)) found.set(name, { original: name, before, isType });
    }
  }
  return found;
}
