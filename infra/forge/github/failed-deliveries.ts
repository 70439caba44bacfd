import type { GitHubAccess } from './access.js';

/** The newest ones; with a look each minute an App that fails faster than this has other troubles. */
const PAGE = 100;
/** Each attempt is another entry of the list. */
const MOST_ATTEMPTS = 5;

/**
 * Asks GitHub to deliver again what no attempt has brought here. A personal token has no webhook of ours to ask about.
 * @returns how many were asked for
 */
export async function redeliverFailed(access: GitHubAccess, signal: AbortSignal): Promise<number> {
  const client = access.appClient();
  if (client === undefined) return 0;
  const request = { signal };
  const { data } = await client.rest.apps.listWebhookDeliveries({ per_page: PAGE, request });
  const attempts = new Map<string, { readonly id: number; count: number; arrived: boolean }>();
  for (const { id, guid, status_code: status } of data) {
    const known = attempts.get(guid) ?? { id, count: 0, arrived: false };
    known.count += 1;
    known.arrived ||= status >= 200 && status < 300;
    attempts.set(guid, known);
  }
  const failed = [...attempts.values()].filter(({ arrived, count }) => !arrived && count < MOST_ATTEMPTS);
  for (const { id } of failed) await client.rest.apps.redeliverWebhookDelivery({ delivery_id: id, request });
  return failed.length;
}
