import { readFileSync } from 'node:fs';
import { buildSchema, type GraphQLOutputType, isListType, isNonNullType, isObjectType, isUnionType } from 'graphql';

/** As Linear publishes it with its client, cut out by `scripts/extract-linear-schema.mjs`. */
export const LINEAR_SCHEMA = buildSchema(readFileSync(new URL('./published/schema.graphql', import.meta.url), 'utf8'));

/** What is wrong with a webhook's body by the published types of webhooks. Empty: nothing. */
export const complaintsOfWebhook = (body: Readonly<Record<string, unknown>>): readonly string[] => {
  const { data, ...rest } = body;
  const envelope = complaints('EntityWebhookPayload', { ...rest, data: {} }).filter((one) => !one.includes('.data.'));
  return [...envelope, ...complaints(`${String(body.type)}WebhookPayload`, data)];
};

function complaints(typeName: string, value: unknown): readonly string[] {
  const type = LINEAR_SCHEMA.getType(typeName);
  return isObjectType(type) ? check(typeName, type, value) : [`there is no type ${typeName}`];
}

function check(at: string, type: GraphQLOutputType, value: unknown): readonly string[] {
  if (isNonNullType(type)) return value == null ? [`${at} is missing`] : check(at, type.ofType, value);
  if (value == null) return [];
  if (isListType(type))
    return Array.isArray(value)
      ? value.flatMap((one, i) => check(`${at}.${i}`, type.ofType, one))
      : [`${at} is no list`];
  // Which member of a union it is, the body says nowhere.
  if (isUnionType(type)) return [];
  if (!isObjectType(type)) return checkScalar(at, type.name, value);
  const fields = type.getFields();
  const known = value as Readonly<Record<string, unknown>>; // of an object type
  const foreign = Object.keys(known).filter((name) => !(name in fields));
  const missing = Object.values(fields).flatMap((field) => check(`${at}.${field.name}`, field.type, known[field.name]));
  return [...foreign.map((name) => `${at}.${name} is not published`), ...missing];
}

const TYPEOF: Readonly<Record<string, string>> = {
  String: 'string',
  Float: 'number',
  Boolean: 'boolean',
  DateTime: 'string',
};
const checkScalar = (at: string, name: string, value: unknown): readonly string[] =>
  TYPEOF[name] !== undefined && typeof value !== TYPEOF[name] ? [`${at} is no ${name}`] : [];
