import { randomBytes } from 'node:crypto';
import type { Installation, Permissions, Token } from '../state/records.js';
import type { World } from '../world.js';

const INSTALLATION_TOKEN_LIFE_MS = 3_600_000;

/** GitHub's own form: a prefix that says the kind, then 36 letters and digits. */
const freshValue = (prefix: string): string => {
  const letters = randomBytes(40)
    .toString('base64')
    .replaceAll(/[^a-zA-Z0-9]/g, 'x');
  return `${prefix}_${letters.slice(0, 36)}`;
};

function issue(world: World, token: Omit<Token, 'id' | 'issuedAtMs' | 'revokedAtMs'>): Token {
  const { state, clock } = world;
  const issued = { ...token, id: `token-${state.nextId()}`, issuedAtMs: clock.now(), revokedAtMs: null };
  state.tokens.push(issued);
  return issued;
}

export interface InstallationTokenScope {
  readonly permissions: Permissions;
  readonly repositoryIds: readonly number[] | null;
}

export const issueInstallationToken = (
  world: World,
  installation: Installation,
  { permissions, repositoryIds }: InstallationTokenScope,
): Token => {
  const app = world.state.apps.find((one) => one.id === installation.appId);
  return issue(world, {
    value: freshValue('ghs'),
    kind: 'installation',
    login: `${app?.slug}[bot]`,
    installationId: installation.id,
    permissions: { ...permissions, metadata: 'read' },
    repositoryIds,
    expiresAtMs: world.clock.now() + INSTALLATION_TOKEN_LIFE_MS,
  });
};

export const issuePersonalToken = (world: World, login: string): Token =>
  issue(world, {
    value: freshValue('ghp'),
    kind: 'personal',
    login,
    installationId: null,
    permissions: null,
    repositoryIds: null,
    expiresAtMs: null,
  });

export const isLive = (token: Token, nowMs: number): boolean =>
  token.revokedAtMs === null && (token.expiresAtMs === null || nowMs < token.expiresAtMs);
