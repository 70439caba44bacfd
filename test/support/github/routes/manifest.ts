import { createApp } from '../acts/apps.js';
import { type Answer, ok } from '../http/call.js';
import { notFound } from '../http/errors.js';
import { asAnyone, type Route } from '../http/route.js';
import { renderApp } from '../render/account.js';
import type { App, Permissions } from '../state/records.js';
import type { World } from '../world.js';

interface Manifest {
  readonly name?: string;
  readonly url?: string;
  readonly redirect_url?: string;
  readonly hook_attributes?: { readonly url?: string; readonly active?: boolean };
  readonly default_permissions?: Permissions;
  readonly default_events?: readonly string[];
}

export interface Conversions {
  readonly routes: readonly Route[];
  /** What the page of GitHub does that takes a manifest, with the consent of the person given at once. */
  takeManifest(form: URLSearchParams, state: string | null): Answer;
}

/**
 * The flow that makes an App from a manifest.
 * @see https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
export function manifestConversions(world: World, owner: () => string): Conversions {
  const pending = new Map<string, { readonly app: App; readonly secret: string }>();
  const convert = asAnyone('POST /app-manifests/{code}/conversions', ({ params }) => {
    const found = pending.get(params.code ?? '');
    // A code works once.
    if (found === undefined || !pending.delete(params.code ?? '')) throw notFound();
    const { app, secret } = found;
    const kept = { client_id: app.clientId, client_secret: app.clientSecret, pem: app.privateKey };
    return ok({ ...renderApp(world, app), ...kept, webhook_secret: secret }, 201);
  });
  return {
    routes: [convert],
    takeManifest: (form, state) => {
      const manifest: Manifest = JSON.parse(form.get('manifest') ?? '{}');
      if (manifest.redirect_url === undefined || manifest.url === undefined) {
        return { status: 422, body: '<p>Invalid GitHub App configuration</p>' };
      }
      const app = createApp(world, {
        slug: (manifest.name ?? 'app').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
        name: manifest.name ?? 'app',
        ownerLogin: owner(),
        permissions: manifest.default_permissions ?? {},
        events: manifest.default_events ?? [],
        externalUrl: manifest.url,
      });
      const secret = app.clientSecret.slice(0, 20);
      const hook = manifest.hook_attributes;
      if (hook?.url !== undefined) {
        world.webhooks.configure({ url: hook.url, secret, isActive: hook.active !== false });
      }
      const code = app.clientSecret.slice(20);
      pending.set(code, { app, secret });
      const back = new URL(manifest.redirect_url);
      back.searchParams.set('code', code);
      if (state !== null) back.searchParams.set('state', state);
      return { status: 302, headers: { location: String(back) } };
    },
  };
}
