import { Failure } from '../../../domain/failures.js';
import type { GithubAppFile } from '../../config/github.js';
import { directClient } from './direct-client.js';

export interface NewApp {
  readonly file: GithubAppFile;
  readonly name: string;
  readonly url: string;
  readonly owner: string;
}

/**
 * Exchanges the code that the person was sent back with for the App and its key. A code works once, for an hour.
 * @throws NotFound for a code that was used or is too old; Unavailable when nobody knows whether it was used
 */
export async function convertManifest(apiUrl: string, code: string): Promise<NewApp> {
  const { data } = await directClient({ apiUrl }).rest.apps.createFromManifest({ code });
  const { id, slug, pem, webhook_secret: webhookSecret, name, html_url: url, owner } = data;
  if (typeof id !== 'number' || typeof pem !== 'string') {
    throw new Failure('Unavailable', 'the forge answered without the key of the App', { reason: 'FORGE' });
  }
  return {
    file: {
      appId: id,
      ...(slug === undefined ? {} : { slug }),
      ...(webhookSecret ? { webhookSecret } : {}),
      privateKey: pem,
    },
    name,
    url,
    owner: 'login' in owner ? owner.login : owner.slug,
  };
}
