import type { FailureType } from '../../../domain/failures.js';
import { failedDeliveries } from '../../../domain/forge/failed-deliveries.js';
import type { GitHubAccess } from './access.js';
import { unless } from './unless.js';

/** The newest ones; with a look each minute an App that fails faster than this has other troubles. */
const PAGE = 100;

/** An App may have been made without a webhook, and an attempt be too old by now. */
const UNKNOWN: readonly FailureType[] = ['NotFound', 'InvalidInput'];

/**
 * Asks GitHub to deliver again what no attempt has brought here. A personal token has no webhook of ours to ask about.
 * @returns how many were asked for
 */
export async function redeliverFailed(access: GitHubAccess, signal: AbortSignal): Promise<number> {
  const client = access.appClient();
  if (client === undefined) return 0;
  const request = { signal };
  const listed = await unless(UNKNOWN, () => client.rest.apps.listWebhookDeliveries({ per_page: PAGE, request }));
  const attempts = listed?.data.map(({ id, guid, status_code: status }) => ({ id, guid, status })) ?? [];
  let asked = 0;
  for (const id of failedDeliveries(attempts))
    if (await unless(UNKNOWN, () => client.rest.apps.redeliverWebhookDelivery({ delivery_id: id, request }))) asked++;
  return asked;
}
