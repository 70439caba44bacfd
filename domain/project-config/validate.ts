import type { ConfigNode, ObjectNode } from './nodes.js';
import { checkRules } from './rules.js';
import { FILE_SCHEMA, OVERRIDES_SCHEMA } from './schema.js';
import type { ConfigFile, ConfigOverrides } from './types.js';

export type ConfigPath = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the value at a path stands in the text; undefined where there is no text or no such value. */
export type PositionOf = (path: ConfigPath) => Position | undefined;

/** One thing that is wrong, in words that name the key. */
export interface ConfigProblem {
  readonly path: ConfigPath;
  readonly message: string;
  /** Absent for overrides, which have no text. */
  readonly position?: Position;
}

export type Validated<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

const LATER = 'is not in this version';
/** A file that is wrong throughout says no more than this. */
const MAX_PROBLEMS = 50;

/** @param value the parsed YAML */
export const validateFile = (value: unknown, positionOf: PositionOf): Validated<ConfigFile> => {
  const shape = [...validateObject(FILE_SCHEMA, value, [], false)];
  // The rules read a value of the right shape only.
  const found = shape.length > 0 ? shape : checkRules(value as ConfigFile);
  // Validated against the schema that the type describes.
  return answer(value as ConfigFile, found, positionOf);
};

/** @param value what an admin sent, as JSON */
export const validateOverrides = (value: unknown): Validated<ConfigOverrides> => {
  const isWaived = isRecord(value) && Object.hasOwn(value, 'checks') && value.checks === 'none';
  const { checks, ...rest } = isRecord(value) ? value : { checks: undefined };
  const shape = [...validateObject(OVERRIDES_SCHEMA, isWaived ? rest : value, [], true)];
  // The same two casts as above.
  const found = shape.length > 0 ? shape : checkRules((isWaived ? rest : value) as Partial<ConfigFile>);
  return answer(value as ConfigOverrides, found, () => undefined);
};

/** `millwright.yml:3:5: checks.0.timeout must be …` */
export const describeProblem = (file: string, { path, message, position }: ConfigProblem): string => {
  const subject = path.length === 0 ? 'the file' : path.join('.');
  return `${file}${position ? `:${position.line}:${position.column}` : ''}: ${subject} ${message}.`;
};

const answer = <T>(value: T, found: readonly Finding[], positionOf: PositionOf): Validated<T> => {
  if (found.length === 0) return { kind: 'valid', value };
  const problems = found.slice(0, MAX_PROBLEMS).map(({ path, message }) => {
    const position = nearest(path, positionOf);
    return position ? { path, message, position } : { path, message };
  });
  return { kind: 'invalid', problems };
};

/** A missing key stands where its parent does. */
const nearest = (path: ConfigPath, positionOf: PositionOf): Position | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const position = positionOf(path.slice(0, length));
    if (position) return position;
  }
  return undefined;
};

function* validateObject(node: ObjectNode, value: unknown, path: ConfigPath, isAdmin: boolean): Iterable<Finding> {
  if (!isRecord(value)) return yield { path, message: 'must be a mapping' };
  const known = Object.keys(node.fields);
  for (const [key, inner] of Object.entries(value)) {
    const field = Object.hasOwn(node.fields, key) ? node.fields[key] : undefined;
    if (field === undefined) yield { path: [...path, key], message: `is not a known key (known: ${known.join(', ')})` };
    else yield* validate(field, inner, [...path, key], isAdmin);
  }
  for (const key of node.required ?? []) {
    if (!Object.hasOwn(value, key)) yield { path: [...path, key], message: 'is missing' };
  }
}

function* validate(node: ConfigNode, value: unknown, path: ConfigPath, isAdmin: boolean): Iterable<Finding> {
  if (node.kind === 'object') return yield* validateObject(node, value, path, isAdmin);
  if (node.kind === 'oneOrMore' && !Array.isArray(value)) return yield* validate(node.of, value, path, isAdmin);
  if (node.kind === 'list' || node.kind === 'oneOrMore') {
    if (!Array.isArray(value)) return yield { path, message: 'must be a list' };
    const min = node.kind === 'list' ? (node.min ?? 0) : 1;
    if (value.length < min || value.length > node.max)
      return yield { path, message: `must have ${min} to ${node.max} items` };
    for (const [index, item] of value.entries()) yield* validate(node.of, item, [...path, index], isAdmin);
    return;
  }
  const message = whyNotScalar(node, value, isAdmin);
  if (message !== undefined) yield { path, message };
}

type ScalarNode = Exclude<ConfigNode, { kind: 'object' | 'list' | 'oneOrMore' }>;

const whyNotScalar = (node: ScalarNode, value: unknown, isAdmin: boolean): string | undefined => {
  switch (node.kind) {
    case 'text':
      return whyNotText(node, value);
    case 'whole':
    case 'number': {
      const what = node.kind === 'whole' ? 'a whole number' : 'a number';
      const isRight =
        typeof value === 'number' && (node.kind === 'whole' ? Number.isInteger(value) : Number.isFinite(value));
      return isRight && value >= node.min && value <= node.max
        ? undefined
        : `must be ${what} from ${node.min} to ${node.max}`;
    }
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'oneOf':
      if (node.values.some((allowed) => allowed === value)) return undefined;
      return node.later?.some((later) => later === value)
        ? `${LATER} with the value ${String(value)}`
        : `must be ${node.values.join(' or ')}`;
    case 'only':
      return value === node.value ? undefined : `must be ${node.value}: any other value ${LATER}`;
    case 'later':
      return LATER;
    case 'adminOnly':
      if (!isAdmin) return 'can be set by an admin on the project only';
      return node.values.some((allowed) => allowed === value) ? undefined : `must be ${node.values.join(' or ')}`;
  }
};

const whyNotText = (node: Extract<ConfigNode, { kind: 'text' }>, value: unknown): string | undefined => {
  if (typeof value !== 'string') return 'must be a text';
  if (value.includes('\0')) return 'must not contain NUL';
  if (node.maxLength !== undefined && value.length > node.maxLength)
    return `must have at most ${node.maxLength} characters`;
  return node.pattern === undefined || new RegExp(node.pattern.source).test(value)
    ? undefined
    : `must ${node.pattern.rule}`;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
