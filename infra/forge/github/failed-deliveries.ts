import { failedDeliveries } from '../../../domain/forge/failed-deliveries.js';
import type { GitHubAccess } from './access.js';

/** The newest ones; with a look each minute an App that fails faster than this has other troubles. */
const PAGE = 100;

/**
 * Asks GitHub to deliver again what no attempt has brought here. A personal token has no webhook of ours to ask about.
 * @returns how many were asked for
 */
export async function redeliverFailed(access: GitHubAccess, signal: AbortSignal): Promise<number> {
  const client = access.appClient();
  if (client === undefined) return 0;
  const request = { signal };
  const { data } = await client.rest.apps.listWebhookDeliveries({ per_page: PAGE, request });
  const failed = failedDeliveries(data.map(({ id, guid, status_code: status }) => ({ id, guid, status })));
  for (const id of failed) await client.rest.apps.redeliverWebhookDelivery({ delivery_id: id, request });
  return failed.length;
}
