import { createRequire } from 'node:module';
import type { ValidateFunction } from 'ajv';
import { newAjv } from './published.js';

interface Schemas {
  readonly definitions: Readonly<Record<string, object>>;
}

const schemas: Schemas = createRequire(import.meta.url)('@octokit/webhooks-schemas/schema.json');
const ajv = newAjv();
let isAdded = false;
const compiled = new Map<string, ValidateFunction>();

function validatorOf(name: string): ValidateFunction | undefined {
  if (!(name in schemas.definitions)) return undefined;
  if (!isAdded) ajv.addSchema({ definitions: schemas.definitions }, 'webhooks');
  isAdded = true;
  const known = compiled.get(name);
  if (known) return known;
  const validate = ajv.compile({ $ref: `webhooks#/definitions/${name.replaceAll('$', '%24')}` });
  compiled.set(name, validate);
  return validate;
}

/** What GitHub's published schema says against the body of an event. */
export function complaintsOfWebhook(event: string, body: { readonly action?: unknown }): readonly string[] {
  const name = typeof body.action === 'string' ? `${event}$${body.action}` : `${event}$event`;
  const validate = validatorOf(name);
  if (validate === undefined) return [`no schema of ${name} is published`];
  if (validate(body)) return [];
  return (validate.errors ?? []).map(
    (one) => `${one.instancePath || '.'} ${one.message} ${JSON.stringify(one.params)}`,
  );
}
