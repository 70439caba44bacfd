import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

export interface PublishedParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: object;
}

export interface PublishedOperation {
  readonly parameters: readonly PublishedParameter[];
  readonly body?: { readonly required: boolean; readonly schema?: object };
  /** By status; null for an answer without JSON. */
  readonly responses: Readonly<Record<string, object | null>>;
}

interface PublishedDocument {
  readonly operations: Readonly<Record<string, PublishedOperation>>;
  readonly definitions: Readonly<Record<string, object>>;
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;

/**
 * Formats that are said and not checked would be no promise; `uri` as GitHub means it: absolute, or a template. Without
 * inlined references a schema is ready several times sooner.
 */
export const newAjv = (options: object = {}): Ajv => {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    logger: false,
    validateSchema: false,
    inlineRefs: false,
    ...options,
  });
  ajv.addFormat('date-time', DATE_TIME);
  ajv.addFormat('uri', /^[a-z][a-z0-9+.-]*:/i);
  return ajv;
};

/** GitHub's OpenAPI document, cut to what we use (scripts/extract-github-openapi.mjs). */
export const published: PublishedDocument = JSON.parse(
  readFileSync(new URL('../published/openapi.json', import.meta.url), 'utf8'),
);

const bodies = newAjv();
// Query and path are text: there a number is one that looks like one.
const texts = newAjv({ coerceTypes: 'array' });
for (const ajv of [bodies, texts]) ajv.addSchema({ definitions: published.definitions }, 'github');
const compiled = new Map<object, ValidateFunction>();

const compile = (ajv: Ajv, schema: object): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const validate = ajv.compile(schema);
  compiled.set(schema, validate);
  return validate;
};

const saying = (validate: ValidateFunction): readonly string[] =>
  (validate.errors ?? []).map((one) => `${one.instancePath || '.'} ${one.message} ${JSON.stringify(one.params)}`);

/** What is wrong with a body, in words; empty when nothing is. */
export function complaintsOfBody(schema: object, body: unknown): readonly string[] {
  const validate = compile(bodies, schema);
  return validate(body) ? [] : saying(validate);
}

const asField = new Map<object, object>();

/** The same of a parameter, which is text. */
export function complaintsOfText(schema: object, text: string): readonly string[] {
  // Coercion needs a place to write to, so that the text is a field of an object.
  const field = asField.get(schema) ?? { type: 'object', properties: { value: schema } };
  asField.set(schema, field);
  const validate = compile(texts, field);
  return validate({ value: text }) ? [] : saying(validate);
}
