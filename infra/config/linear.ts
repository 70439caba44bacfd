import { readAddress } from './addresses.js';
import { refused, type Variables } from './variables.js';

/** What may be known everywhere of how Linear is reached. No secret is part of it. */
export interface LinearConfig {
  /** Of its GraphQL endpoint. */
  readonly apiUrl: string;
  /** Absent: Linear is not configured. */
  readonly access: 'key' | 'token' | undefined;
}

/** A person's API key, or what an OAuth application was given: with `actor=app` its comments bear its own name. */
export interface LinearCredentials {
  readonly kind: 'key' | 'token';
  readonly secret: string;
}

const ACCESS = 'MILLWRIGHT_LINEAR_ACCESS';

/** Nothing is configured. */
export const NO_LINEAR: LinearConfig = { apiUrl: 'https://api.linear.app/graphql', access: undefined };

/** @throws InvalidInput naming the variable */
export const readLinear = (variables: Variables): LinearConfig => {
  // So that a secret which cannot be used stops the start, and not the first delivery.
  readLinearWebhookSecrets(variables);
  return {
    apiUrl: readAddress(variables, 'LINEAR_API_URL') ?? NO_LINEAR.apiUrl,
    access: readLinearCredentials(variables)?.kind ?? toldAccess(variables),
  };
};

/** An application's token wins over a person's key. */
export const readLinearCredentials = (variables: Variables): LinearCredentials | undefined => {
  for (const [kind, name] of [
    ['token', 'LINEAR_ACCESS_TOKEN'],
    ['key', 'LINEAR_API_KEY'],
  ] as const) {
    const secret = variables.text(name);
    if (secret === undefined) continue;
    if (!/^[\x21-\x7e]{1,1000}$/.test(secret)) throw refused(name, 'must be one word of printable characters');
    return { kind, secret };
  }
  return undefined;
};

/** Every secret that a delivery may be signed with, newest first; empty: webhooks are not configured. */
export const readLinearWebhookSecrets = (variables: Variables): readonly string[] => {
  const current = variables.text('LINEAR_WEBHOOK_SECRET');
  const previous = variables.text('LINEAR_WEBHOOK_SECRET_PREVIOUS');
  if (previous !== undefined && current === undefined)
    throw refused('LINEAR_WEBHOOK_SECRET_PREVIOUS', 'needs LINEAR_WEBHOOK_SECRET beside it');
  return [...new Set([current, previous])].filter((secret) => secret !== undefined);
};

/** What a process that does not get the credentials is told instead of them. */
export const linearAccessNote = (
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> => {
  if (env.LINEAR_ACCESS_TOKEN) return { [ACCESS]: 'token' };
  return env.LINEAR_API_KEY ? { [ACCESS]: 'key' } : {};
};

const toldAccess = (variables: Variables): LinearConfig['access'] =>
  variables.text(ACCESS) === undefined ? undefined : variables.oneOf<'key' | 'token'>(ACCESS, ['key', 'token'], 'key');
