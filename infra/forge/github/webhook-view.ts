import type { Octokit } from '@octokit/rest';
import { Failure } from '../../../domain/failures.js';
import { NO_WEBHOOK } from './app-manifest.js';

/** Of the App's webhook, as GitHub sees it. */
export interface WebhookView {
  readonly url: string;
  /** Deliveries among the last hundred attempts. */
  readonly deliveries: number;
  /** Those of them that no attempt has brought here. */
  readonly failed: number;
  readonly lastAt: string | undefined;
  readonly lastFailure: { readonly at: string; readonly event: string; readonly status: string } | undefined;
}

/** Undefined when the App has none. @param app a client that speaks as the App */
export async function readWebhook(app: Octokit): Promise<WebhookView | undefined> {
  try {
    const { url } = (await app.rest.apps.getWebhookConfigForApp()).data;
    if (url === undefined || url === '' || url === NO_WEBHOOK) return undefined;
    const { data } = await app.rest.apps.listWebhookDeliveries({ per_page: 100 });
    const arrived = new Set(data.filter(({ status_code }) => isHeard(status_code)).map(({ guid }) => guid));
    const failed = data.filter(({ guid }) => !arrived.has(guid));
    const [newest, lost] = [data[0], failed[0]];
    return {
      url,
      deliveries: new Set(data.map(({ guid }) => guid)).size,
      failed: new Set(failed.map(({ guid }) => guid)).size,
      lastAt: newest?.delivered_at,
      lastFailure: lost && {
        at: lost.delivered_at,
        event: lost.event,
        status: lost.status_code === 0 ? lost.status : `${lost.status_code} ${lost.status}`,
      },
    };
  } catch (error) {
    if (error instanceof Failure && error.type === 'NotFound') return undefined; // it was made without one
    throw error;
  }
}

const isHeard = (status: number): boolean => status >= 200 && status < 300;
