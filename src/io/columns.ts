// Which fields of a record are the row id (user), the column id (item) and the value.

import { nearest, plural, usageError } from '../errors.js';
import { tokenOf } from './numbers.js';

/** A column by name, or by its number, counted from 1 (a text of digits is a number). */
export type Column = string | number;

/** Which columns hold what; what is left open is found by resolveColumns. */
export interface ColumnOptions {
  user?: Column;
  item?: Column;
  /** null: there is no value column, the records are pairs (user, item). */
  value?: Column | null;
}

/** Where the columns are, and how messages call them. */
export interface Columns {
  /** Whether the first record holds names. */
  header: boolean;
  /** Field numbers, counted from 0; −1: no value. */
  user: number;
  item: number;
  value: number;
  /** How messages call them: the name, or 'field 3'. */
  names: { user: string; item: string; value: string };
}

const ROLES = ['user', 'item', 'value'] as const;
type Role = (typeof ROLES)[number];

/** Names looked for in a header, in any case and without regard to spaces, - and _. */
const NAMES: Record<Role, ReadonlySet<string>> = {
  user: new Set(['user', 'userid', 'users', 'uid', 'username', 'row']),
  item: new Set([
    'item',
    'itemid',
    'items',
    'iid',
    'movie',
    'movieid',
    'product',
    'productid',
    'book',
    'bookid',
    'isbn',
    'col',
    'column',
  ]),
  value: new Set(['rating', 'value', 'score']),
};

const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, '');

const position = (column: Column | null | undefined): number | undefined => {
  if (typeof column === 'number') return column;
  return typeof column === 'string' && /^\d+$/.test(column) ? Number(column) : undefined;
};

/** The roles a record of pairs or of triples has. */
export const rolesOf = (options: ColumnOptions): readonly Role[] =>
  options.value === null ? ROLES.slice(0, 2) : ROLES;

/** Whether the options name a field beyond so many. */
export const asksBeyond = (options: ColumnOptions, fields: number): boolean =>
  rolesOf(options).some((role) => (position(options[role]) ?? 0) > fields);

/** The fewest fields a record must have. */
export const fieldsNeeded = (options: ColumnOptions): number =>
  Math.max(...rolesOf(options).map((role, i) => position(options[role]) ?? i + 1));

/**
 * Finds the columns from the first record. Unless `isHeader` says, it is a header exactly when its value field is neither a number nor a missing
 * token (for pairs: when a column is asked for by name, or both fields or a third one are named as in NAMES). The value field is the one
 * named in the options, else field 3. With a header, what the options leave open goes by NAMES where each is found once,
 * else by place: fields 1, 2, 3.
 */
export function resolveColumns(first: readonly string[], options: ColumnOptions, isHeader?: boolean): Columns {
  const roles = rolesOf(options);
  const at: Record<Role, number> = { user: 0, item: 1, value: options.value === null ? -1 : 2 };
  for (const role of roles) {
    const n = position(options[role]);
    if (n !== undefined) {
      if (!Number.isInteger(n) || n < 1)
        throw usageError(`readRatings: ${role} should be a name or a number from 1, got ${n}`, 'fields count from 1');
      if (n > first.length)
        throw usageError(
          `readRatings: ${role} should be one of the ${first.length} ${plural(first.length, 'field')} of the first record, got ${n}`,
          `the first record is: ${shown(first)}`,
        );
      at[role] = n - 1;
    }
  }
  const named = roles.filter((role) => typeof options[role] === 'string' && position(options[role]) === undefined);
  for (const role of named) at[role] = byName(first, role, options[role] as string);

  const open = roles.filter((role) => options[role] === undefined);
  const found = open.map((role) => onlyIndex(first, (name) => NAMES[role].has(plain(name))));
  const allFound = open.length > 0 && found.every((i) => i >= 0);
  const header =
    isHeader ??
    (options.value === null
      ? named.length > 0 || allFound || NAMES.value.has(plain(first[2] ?? ''))
      : tokenOf(first[at.value] ?? '').token === 'text');
  if (!header && named.length > 0)
    throw usageError(
      `readRatings: ${named[0]} should be a column named '${options[named[0]]}', but the file has no header ` +
        `(field ${at.value + 1} of its first record is '${first[at.value]}')`,
      'give the number of the column instead',
    );
  if (header && allFound)
    open.forEach((role, i) => {
      at[role] = found[i];
    });
  const used = roles.map((role) => at[role]);
  const twice = roles.find((_, i) => used.indexOf(used[i]) !== i);
  if (twice)
    throw usageError(
      `readRatings: user, item and value should be different columns, got field ${at[twice] + 1} twice`,
      'name all of them',
    );
  const name = (role: Role) => (header ? first[at[role]] : `field ${at[role] + 1}`);
  return { header, ...at, names: { user: name('user'), item: name('item'), value: name('value') } };
}

function byName(first: readonly string[], role: Role, wanted: string): number {
  const index = first.indexOf(wanted);
  if (index < 0)
    throw usageError(
      `readRatings: ${role} should be a column of the file, got '${wanted}'`,
      `did you mean ${nearest(wanted, first).join(', or ')}? The first record is: ${shown(first)}`,
    );
  if (first.indexOf(wanted, index + 1) >= 0)
    throw usageError(
      `readRatings: ${role}: two columns are named '${wanted}'`,
      'give the number of the column instead',
    );
  return index;
}

function onlyIndex(names: readonly string[], test: (name: string) => boolean): number {
  const index = names.findIndex(test);
  return index >= 0 && names.findLastIndex(test) === index ? index : -1;
}

const shown = (record: readonly string[]) => {
  const text = record.slice(0, 20).join(' | ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};
