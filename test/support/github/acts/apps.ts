import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { renderInstallation, renderUser } from '../render/account.js';
import { nodeIdOf } from '../render/node-id.js';
import type { App, Installation, Permissions, Repository } from '../state/records.js';
import { fullNameOf } from '../state/state.js';
import { sendToApp } from '../webhooks/emit.js';
import type { World } from '../world.js';

export interface NewApp {
  readonly slug: string;
  readonly name?: string;
  readonly ownerLogin: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
  readonly externalUrl?: string;
  /** Default true. Without a key it signs in nowhere, and is there sooner. */
  readonly hasKey?: boolean;
}

const newKey = (): { readonly publicKey: string; readonly privateKey: string } =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    // As GitHub hands it out.
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });

/** An App with a key of its own, and its bot. */
export function createApp(world: World, { hasKey = true, ...input }: NewApp): App {
  const { state, clock } = world;
  const id = state.nextId();
  const { publicKey, privateKey } = hasKey ? newKey() : { publicKey: '', privateKey: '' };
  const app: App = {
    externalUrl: 'https://example.org',
    name: input.slug,
    ...input,
    id,
    clientId: `Iv23li${randomBytes(7).toString('hex')}`,
    clientSecret: randomBytes(20).toString('hex'),
    publicKey,
    privateKey,
    createdAt: clock.at(),
  };
  state.apps.push(app);
  state.accounts.push({ id: state.nextId(), login: `${app.slug}[bot]`, type: 'Bot' });
  return app;
}

export interface NewInstallation {
  readonly app: App;
  readonly accountLogin: string;
  /** Absent: all of the account, those to come too. */
  readonly repositories?: readonly Repository[];
  /** Default: what the App asks for. */
  readonly permissions?: Permissions;
}

export function install(world: World, { app, accountLogin, repositories, permissions }: NewInstallation): Installation {
  const { state, clock } = world;
  const installation: Installation = {
    id: state.nextId(),
    appId: app.id,
    accountLogin,
    ...(repositories === undefined ? {} : { repositoryIds: repositories.map((one) => one.id) }),
    permissions: permissions ?? app.permissions,
    createdAt: clock.at(),
    suspendedAt: null,
  };
  state.installations.push(installation);
  tellInstallation(world, 'created', installation);
  return installation;
}

export function tellInstallation(
  world: World,
  action: 'created' | 'deleted' | 'suspend' | 'unsuspend',
  installation: Installation,
): void {
  const { state } = world;
  const reached = state.repositories.filter(
    (one) => state.installationOn(one, installation.appId)?.id === installation.id,
  );
  sendToApp(world, {
    event: 'installation',
    installation,
    body: {
      action,
      installation: renderInstallation(world, installation),
      ...(action === 'created' || action === 'deleted'
        ? {
            repositories: reached.map((one) => ({
              id: one.id,
              node_id: nodeIdOf('R', one.id),
              name: one.name,
              full_name: fullNameOf(one),
              private: one.isPrivate,
            })),
          }
        : {}),
      sender: renderUser(world, installation.accountLogin),
    },
  });
}
