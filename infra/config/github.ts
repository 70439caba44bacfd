import { createPrivateKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { Failure } from '../../domain/failures.js';
import { errorReason } from '../errors.js';
import { readAddress } from './addresses.js';
import { refused, type Variables } from './variables.js';

/** What may be known everywhere of how GitHub is reached. No secret is part of it. */
export interface GithubSettings {
  /** Of the site, without a trailing slash: remotes lie below it. */
  readonly url: string;
  /** Of its REST API, without a trailing slash. */
  readonly apiUrl: string;
  /** Absent: GitHub is not configured. */
  readonly access: 'app' | 'token' | undefined;
  /** The largest body of a webhook. */
  readonly webhookBytes: number;
  /** `org/slug` of teams whose members may command, beside whoever may push. */
  readonly teams: readonly string[];
}

/** Nothing is configured. */
export const NO_GITHUB: GithubSettings = {
  url: 'https://github.com',
  apiUrl: 'https://api.github.com',
  access: undefined,
  webhookBytes: 5 * 1024 * 1024,
  teams: [],
};

export type GithubCredentials =
  | {
      readonly kind: 'app';
      readonly appId: number;
      /** PEM of an RSA key. */
      readonly privateKey: string;
      /** Its comments come from `<slug>[bot]`. Known when `millwright github setup` made the App. */
      readonly slug?: string;
    }
  | { readonly kind: 'token'; readonly token: string };

/** What `millwright github setup` keeps in `secrets/github-app.json`. */
export interface GithubAppFile {
  readonly appId: number;
  readonly slug?: string;
  readonly webhookSecret?: string;
  readonly privateKey: string;
}

const MIB = 1024 * 1024;
const ACCESS = 'MILLWRIGHT_GITHUB_ACCESS';

/** @throws InvalidInput naming the variable */
export const readGithubPlaces = (variables: Variables): Pick<GithubSettings, 'url' | 'apiUrl'> => {
  const url = readAddress(variables, 'GITHUB_URL') ?? 'https://github.com';
  const onSite = url === 'https://github.com' ? 'https://api.github.com' : `${url}/api/v3`;
  return { url, apiUrl: readAddress(variables, 'GITHUB_API_URL') ?? onSite };
};

/** @throws InvalidInput naming the variable or the file; PermissionDenied when others may read a key */
export const readGithub = (variables: Variables, appFile: string): GithubSettings => {
  // So that a secret which cannot be used stops the start, and not the first delivery.
  readWebhookSecrets(variables, appFile);
  return {
    ...readGithubPlaces(variables),
    access: readCredentials(variables, appFile)?.kind ?? toldAccess(variables),
    webhookBytes: variables.integer('MILLWRIGHT_WEBHOOK_MB', 5, { min: 1, max: 25 }) * MIB,
    teams: readTeams(variables),
  };
};

const TEAM = /^[A-Za-z0-9][\w.-]{0,99}\/[A-Za-z0-9][\w.-]{0,99}$/;

const readTeams = (variables: Variables): readonly string[] => {
  const teams = (variables.text('GITHUB_COMMAND_TEAMS') ?? '').split(',').map((team) => team.trim());
  const named = teams.filter((team) => team !== '');
  if (!named.every((team) => TEAM.test(team)))
    throw refused('GITHUB_COMMAND_TEAMS', 'must name teams as org/team, divided by commas');
  return named;
};

/** An App wins over a token: `GITHUB_TOKEN` is set in many shells for other reasons. */
export const readCredentials = (variables: Variables, appFile: string): GithubCredentials | undefined => {
  const appId = readAppId(variables);
  const keyFile = variables.text('GITHUB_APP_PRIVATE_KEY_FILE');
  if ((appId === undefined) !== (keyFile === undefined)) {
    throw refused('GITHUB_APP_ID', 'and GITHUB_APP_PRIVATE_KEY_FILE must be set together');
  }
  if (appId !== undefined && keyFile !== undefined) {
    return { kind: 'app', appId, privateKey: readKeyFile(keyFile) };
  }
  const kept = readAppFile(appFile);
  if (kept !== undefined) {
    const { slug } = kept;
    return { kind: 'app', appId: kept.appId, privateKey: kept.privateKey, ...(slug === undefined ? {} : { slug }) };
  }
  const token = variables.text('GITHUB_TOKEN');
  if (token === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,1000}$/.test(token)) throw refused('GITHUB_TOKEN', 'must be one word of printable characters');
  return { kind: 'token', token };
};

/** Every secret that a delivery may be signed with, newest first; empty: webhooks are not configured. */
export const readWebhookSecrets = (variables: Variables, appFile: string): readonly string[] => {
  const current = [variables.text('GITHUB_WEBHOOK_SECRET'), readAppFile(appFile)?.webhookSecret];
  const previous = variables.text('GITHUB_WEBHOOK_SECRET_PREVIOUS');
  if (previous !== undefined && current.every((secret) => secret === undefined)) {
    throw refused('GITHUB_WEBHOOK_SECRET_PREVIOUS', 'needs GITHUB_WEBHOOK_SECRET beside it');
  }
  return [...new Set([...current, previous])].filter((secret) => secret !== undefined);
};

/** Undefined when `millwright github setup` has made no App yet. */
export const readAppFile = (path: string): GithubAppFile | undefined => {
  const text = readPrivate(path, { isRequired: false });
  if (text === undefined) return undefined;
  const rule = (what: string): Failure =>
    new Failure('InvalidInput', `${path} ${what}: run millwright github setup again.`, { file: path });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw rule('is not valid JSON');
  }
  if (typeof value !== 'object' || value === null) throw rule('must be an object');
  const { appId, slug, webhookSecret, privateKey } = value as Readonly<Record<string, unknown>>; // each is checked here
  if (typeof appId !== 'number' || !Number.isSafeInteger(appId) || appId < 1) throw rule('holds no appId');
  if (typeof privateKey !== 'string' || !isRsaKey(privateKey)) throw rule('holds no privateKey');
  if (slug !== undefined && typeof slug !== 'string') throw rule('holds a slug that is no text');
  if (webhookSecret !== undefined && (typeof webhookSecret !== 'string' || webhookSecret === '')) {
    throw rule('holds a webhookSecret that is no text');
  }
  return {
    appId,
    privateKey,
    ...(slug === undefined ? {} : { slug }),
    ...(webhookSecret === undefined ? {} : { webhookSecret }),
  };
};

/** What a process that does not get the credentials is told instead of them. */
export const accessNote = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> => {
  if (env.GITHUB_APP_ID !== undefined && env.GITHUB_APP_ID !== '') return { [ACCESS]: 'app' };
  return env.GITHUB_TOKEN !== undefined && env.GITHUB_TOKEN !== '' ? { [ACCESS]: 'token' } : {};
};

const toldAccess = (variables: Variables): GithubSettings['access'] =>
  variables.text(ACCESS) === undefined
    ? undefined
    : variables.oneOf<'app' | 'token'>(ACCESS, ['app', 'token'], 'token');

const readAppId = (variables: Variables): number | undefined =>
  variables.optionalInteger('GITHUB_APP_ID', { min: 1, max: Number.MAX_SAFE_INTEGER });

const readKeyFile = (path: string): string => {
  const key = readPrivate(path, { isRequired: true }) ?? '';
  if (!isRsaKey(key)) {
    throw refused('GITHUB_APP_PRIVATE_KEY_FILE', 'must name the PEM file of an RSA key, as GitHub offers it');
  }
  return key;
};

const isRsaKey = (pem: string): boolean => {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false; // no key at all, or one with a passphrase
  }
};

/** @throws PermissionDenied when anybody but its owner may read it; InvalidInput when it cannot be read */
const readPrivate = (path: string, { isRequired }: { readonly isRequired: boolean }): string | undefined => {
  try {
    const stat = statSync(path, { throwIfNoEntry: isRequired });
    if (stat === undefined) return undefined;
    if (!stat.isFile()) throw new Failure('InvalidInput', `${path} must be a regular file.`, { file: path });
    if ((stat.mode & 0o077) !== 0) {
      const message = `${path} may be read by others: run chmod 600 ${path}, and make a new key if somebody may have.`;
      throw new Failure('PermissionDenied', message, { file: path });
    }
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    // It is not there, or lies in somebody else's home: nobody named it.
    const remedy = isRequired ? '' : ' Run this as the owner of the home, or name another MILLWRIGHT_HOME.';
    throw new Failure('InvalidInput', `${path} cannot be read: ${errorReason(cause)}.${remedy}`, { file: path });
  }
};
