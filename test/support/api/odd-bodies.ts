import type { Route } from '../../../api/auth/access-table.js';
import { bodySchema, type Document, type Schema, sampleBody } from './sample-body.js';

export interface OddBody {
  /** Which field is wrong, and how. */
  readonly what: string;
  /** JSON as it is sent: some of it no object can hold. */
  readonly raw: string;
}

/** Wrong whatever the field is. */
const ALWAYS: readonly (readonly [string, string])[] = [
  ['an object', '{"a":1}'],
  ['NUL', '"a\\u0000b"'],
  ['half of a surrogate pair', '"a\\ud800"'],
  ['beyond all numbers', '1e309'],
  ['a deep list', `${'['.repeat(40)}${']'.repeat(40)}`],
];
const NULL = ['null', 'null'] as const;
const LIST = ['a list', '["x",1]'] as const;
const TEXT = ['a text', '"x"'] as const;
const NUMBER = ['a number', '7'] as const;
const FLAG = ['a flag', 'true'] as const;

const text = (length: number): string => JSON.stringify('x'.repeat(length));

/** What the schema says that it must not be. */
const wrongOf = (schema: Schema): readonly (readonly [string, string])[] => {
  const wrong: (readonly [string, string])[] = [...ALWAYS, NULL];
  if (schema.enum !== undefined)
    return [
      ...wrong,
      LIST,
      NUMBER,
      ['an unknown word', '"nonsense"'],
      ['another case', `"${String(schema.enum[0]).toUpperCase()}_"`],
    ];
  switch (schema.type) {
    case 'string':
      wrong.push(LIST, NUMBER, FLAG);
      if (schema.maxLength !== undefined) wrong.push(['one character too long', text(schema.maxLength + 1)]);
      if ((schema.minLength ?? 0) > 0) wrong.push(['empty', '""'], ['blank', '"  "']);
      if (schema.format === 'uuid') wrong.push(['no UUID', '"1234"']);
      if (schema.format === 'date-time')
        wrong.push(['no moment', '"tomorrow"'], ['a moment without zone', '"2999-01-01T00:00:00"']);
      return wrong;
    case 'integer':
    case 'number':
      wrong.push(LIST, TEXT, FLAG, ['a text of a number', '"1"'], ['not whole', '1.5'], ['huge', '1e21']);
      if (schema.minimum !== undefined) wrong.push(['one too small', String(schema.minimum - 1)]);
      if (schema.maximum !== undefined) wrong.push(['one too large', String(schema.maximum + 1)]);
      return wrong;
    case 'boolean':
      return [...wrong, LIST, TEXT, NUMBER, ['a text of a flag', '"true"']];
    case 'array':
      wrong.push(
        TEXT,
        NUMBER,
        FLAG,
        ['a list of lists', '[[]]'],
        ['a list with null', '[null]'],
        ['a list with a hole of a number', '[1]'],
      );
      if (schema.maxItems !== undefined)
        wrong.push([
          'one item too many',
          JSON.stringify(Array.from({ length: schema.maxItems + 1 }, (_, at) => `x${at}`)),
        ]);
      return wrong;
    default:
      // An object: an object is right, or wrong by what is in it.
      return [...wrong.slice(1), LIST, TEXT, NUMBER, FLAG];
  }
};

/**
 * Bodies of a route that are right but for one field: every field of the OpenAPI document, every way to be wrong. A new
 * route, or a new field, is tried without anybody thinking of it.
 */
export const oddBodies = (
  document: Document,
  route: Route,
  known: Readonly<Record<string, unknown>>,
): readonly OddBody[] => {
  const schema = bodySchema(document, route);
  if (schema === undefined) return [];
  const right = sampleBody(document, route, known);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const resolved =
      document.components.schemas[(field.$ref ?? field.allOf?.[0]?.$ref ?? '').split('/').at(-1) ?? ''] ?? field;
    return wrongOf(resolved).map(([how, value]) => ({ what: `${name}: ${how}`, raw: withField(right, name, value) }));
  });
};

const withField = (right: object, name: string, value: string): string => {
  const { [name]: _, ...rest } = right as Readonly<Record<string, unknown>>;
  const others = JSON.stringify(rest).slice(1, -1);
  return `{${others === '' ? '' : `${others},`}${JSON.stringify(name)}:${value}}`;
};
