import { readAddress } from './addresses.js';
import { refused, type Variables } from './variables.js';

/** What may be known everywhere of how Linear is reached. No secret is part of it. */
export interface LinearConfig {
  /** Of its GraphQL endpoint. */
  readonly apiUrl: string;
  /** Absent: Linear is not configured. */
  readonly access: LinearCredentials['kind'] | undefined;
}

/**
 * A person's API key; a token that an OAuth application was given; or what the application asks for tokens with, whose
 * comments bear its own name.
 */
export type LinearCredentials =
  | { readonly kind: 'key' | 'token'; readonly secret: string }
  | { readonly kind: 'app'; readonly clientId: string; readonly clientSecret: string };

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

/** An application wins over its token, and that over a person's key. @throws InvalidInput */
export const readLinearCredentials = (variables: Variables): LinearCredentials | undefined => {
  const app = readApp(variables);
  if (app !== undefined) return app;
  for (const [kind, name] of [
    ['token', 'LINEAR_ACCESS_TOKEN'],
    ['key', 'LINEAR_API_KEY'],
  ] as const) {
    const secret = readWord(variables, name);
    if (secret !== undefined) return { kind, secret };
  }
  return undefined;
};

const readApp = (variables: Variables): LinearCredentials | undefined => {
  const clientId = readWord(variables, 'LINEAR_CLIENT_ID');
  const clientSecret = readWord(variables, 'LINEAR_CLIENT_SECRET');
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientId === undefined) throw refused('LINEAR_CLIENT_SECRET', 'needs LINEAR_CLIENT_ID beside it');
  if (clientSecret === undefined) throw refused('LINEAR_CLIENT_ID', 'needs LINEAR_CLIENT_SECRET beside it');
  return { kind: 'app', clientId, clientSecret };
};

const readWord = (variables: Variables, name: string): string | undefined => {
  const word = variables.text(name);
  if (word !== undefined && !/^[\x21-\x7e]{1,1000}$/.test(word))
    throw refused(name, 'must be one word of printable characters');
  return word;
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
  if (env.LINEAR_CLIENT_SECRET) return { [ACCESS]: 'app' };
  if (env.LINEAR_ACCESS_TOKEN) return { [ACCESS]: 'token' };
  return env.LINEAR_API_KEY ? { [ACCESS]: 'key' } : {};
};

const toldAccess = (variables: Variables): LinearConfig['access'] =>
  variables.text(ACCESS) === undefined
    ? undefined
    : variables.oneOf<LinearCredentials['kind']>(ACCESS, ['key', 'token', 'app'], 'key');
