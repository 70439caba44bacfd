import { complaintsOfBody, complaintsOfText, published } from './published.js';

export interface RestExchange {
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** What GitHub's document says against a request. A parameter or field that it does not know is a complaint too. */
export function complaintsOfRequest({ operation, params, query, body }: RestExchange): readonly string[] {
  const its = published.operations[operation];
  if (its === undefined) return [`${operation} is not in the published document`];
  const found: string[] = [];
  for (const { name, in: place, required, schema } of its.parameters) {
    const text = place === 'path' ? params[name] : place === 'query' ? query.get(name) : null;
    if (text === undefined || text === null) {
      if (required && place !== 'header') found.push(`${place} parameter ${name} is missing`);
    } else found.push(...complaintsOfText(schema, text).map((one) => `${place} parameter ${name}: ${one}`));
  }
  const known = its.parameters.filter((one) => one.in === 'query').map((one) => one.name);
  for (const name of query.keys()) if (!known.includes(name)) found.push(`query parameter ${name} is unknown`);
  return [...found, ...complaintsOfRequestBody(operation, body)];
}

function complaintsOfRequestBody(operation: string, body: unknown): readonly string[] {
  const its = published.operations[operation]?.body;
  if (body === undefined) return its?.required && its.schema ? ['the body is missing'] : [];
  if (its?.schema === undefined) return Object.keys(Object(body)).length === 0 ? [] : ['a body where none is known'];
  const properties = (its.schema as { readonly properties?: object }).properties;
  const isPlain = typeof body === 'object' && body !== null && !Array.isArray(body);
  const unknown = properties && isPlain ? Object.keys(body).filter((name) => !Object.hasOwn(properties, name)) : [];
  return [
    ...complaintsOfBody(its.schema, body).map((one) => `body: ${one}`),
    ...unknown.map((name) => `body: ${name} is unknown`),
  ];
}

/** What it says against an answer. */
export function complaintsOfAnswer(operation: string, status: number, body: unknown): readonly string[] {
  const its = published.operations[operation];
  // Refusals have one form everywhere, and any operation may be refused.
  if (its === undefined || status >= 400) return [];
  if (!(String(status) in its.responses)) return [`status ${status} is not among ${Object.keys(its.responses)}`];
  const schema = its.responses[String(status)];
  if (!schema) return body === undefined ? [] : [`a body where none is known for ${status}`];
  return complaintsOfBody(schema, body).map((one) => `answer ${status}: ${one}`);
}
