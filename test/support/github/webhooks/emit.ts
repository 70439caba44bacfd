import { type Json, renderUser } from '../render/account.js';
import { nodeIdOf } from '../render/node-id.js';
import { renderRepository } from '../render/repository.js';
import type { Installation, Repository } from '../state/records.js';
import { complaintsOfWebhook } from '../validation/webhooks.js';
import type { World } from '../world.js';

export interface Happening {
  readonly event: string;
  readonly action?: string;
  readonly repository: Repository;
  /** Who did it. */
  readonly login: string;
  readonly fields: Json;
}

/** Events that every App gets, asked for or not. */
const ALWAYS = ['ping', 'installation', 'installation_repositories', 'github_app_authorization'];

/** Tells every App that reaches the repository. A body that GitHub's schema refuses is remembered as a violation. */
export function emit(world: World, { event, action, repository, login, fields }: Happening): void {
  const body = {
    ...(action === undefined ? {} : { action }),
    ...fields,
    repository: renderRepository(world, repository),
    sender: renderUser(world, login),
  };
  // A webhook of repositories hears of all of them, and its bodies name no installation.
  const isPerRepository = world.webhooks.configuration?.target === 'repository';
  if (isPerRepository) sendToApp(world, { event, body, repository });
  for (const app of isPerRepository ? [] : world.state.apps) {
    const installation = world.state.installationOn(repository, app.id);
    if (installation === undefined || installation.suspendedAt !== null) continue;
    if (!ALWAYS.includes(event) && !app.events.includes(event)) continue;
    sendToApp(world, { event, body, installation, repository });
  }
}

export function sendToApp(
  world: World,
  told: {
    readonly event: string;
    readonly body: Json;
    readonly installation?: Installation;
    readonly repository?: Repository;
    readonly appId?: number;
  },
): void {
  const { event, installation, repository } = told;
  const isAboutInstallation = event === 'installation' || event === 'installation_repositories';
  const body =
    installation === undefined || isAboutInstallation
      ? told.body
      : {
          ...told.body,
          installation: {
            id: installation.id,
            node_id: nodeIdOf('MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u', installation.id),
          },
        };
  world.complain(`webhook ${event}`, complaintsOfWebhook(event, body));
  world.webhooks.send({
    event,
    action: typeof body.action === 'string' ? body.action : null,
    installationId: installation?.id ?? null,
    repositoryId: repository?.id ?? null,
    appId: told.appId ?? installation?.appId ?? 0,
    payload: JSON.stringify(body),
  });
}
