import type { Route } from '../../../api/auth/access-table.js';

/** What is read of the OpenAPI document. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly requestBody?: Body;
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[];
}

interface Body {
  readonly content: { readonly 'application/json'?: { readonly schema: Schema } };
}

export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly example?: unknown;
}

export type Known = Readonly<Record<string, unknown>>;

/**
 * A body that the route takes, made from what the document says of its fields: then nothing but the caller can be
 * wrong, and a new route is attacked without anybody thinking of it.
 * @param known values of fields by name that no schema can tell: ids of things that exist
 */
export const sampleBody = (document: Document, route: Route, known: Known): object => {
  const schema = bodySchema(document, route);
  return schema === undefined ? {} : (sample(document, schema, known) as object);
};

/** What the document says of the route's body; undefined when it takes none. */
export const bodySchema = (document: Document, { method, url }: Route): Schema | undefined => {
  const path = url.replace(/:(\w+)/g, '{$1}');
  const schema = document.paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.schema;
  return schema?.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
};

const sample = (document: Document, schema: Schema, known: Known, name = ''): unknown => {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (ref !== undefined)
    return sample(document, document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {}, known, name);
  if (name in known) return known[name];
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return sampleObject(document, schema, known);
    case 'array':
      return (schema.minItems ?? 0) > 0 && schema.items ? [sample(document, schema.items, known)] : [];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    default:
      return schema.format === 'date-time' ? '2999-01-01T00:00:00.000Z' : 'sample';
  }
};

const sampleObject = (document: Document, schema: Schema, known: Known): object =>
  Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name]) => (schema.required ?? []).includes(name) || name in known)
      .map(([name, field]) => [name, sample(document, field, known, name)]),
  );
