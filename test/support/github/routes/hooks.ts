import { type Answer, type Call, ok } from '../http/call.js';
import { GitHubError, notFound } from '../http/errors.js';
import { asApp, type Route } from '../http/route.js';
import { isFailed, renderDelivery, renderListedDelivery } from '../webhooks/deliveries.js';

const DAYS_KEPT_MS = 3 * 86_400_000;

/** New ones first, by cursor: an id, below which it goes on. */
function listDeliveries(call: Call): Answer {
  const { webhooks, clock } = call.world;
  const perPage = Math.min(100, Number(call.query.get('per_page') ?? 30));
  const cursor = call.query.get('cursor');
  const status = call.query.get('status');
  const kept = webhooks.deliveries
    .filter((one) => one.status !== null && one.deliveredAtMs > clock.now() - DAYS_KEPT_MS)
    .filter((one) => status === null || (status === 'failure') === isFailed(one))
    .filter((one) => cursor === null || one.id <= Number(cursor))
    .sort((a, b) => b.id - a.id);
  const next = kept[perPage];
  const url = new URL(call.url);
  if (next !== undefined) url.searchParams.set('cursor', String(next.id));
  return {
    status: 200,
    body: kept.slice(0, perPage).map((one) => renderListedDelivery(one, clock.at(one.deliveredAtMs))),
    headers: next === undefined ? {} : { link: `<${url}>; rel="next"` },
  };
}

const configured = (call: Call): Answer => {
  const options = call.world.webhooks.configuration;
  const url = options === undefined ? {} : { url: options.url, secret: '********' };
  return ok({ content_type: 'json', insecure_ssl: '0', ...url });
};

export const hookRoutes: readonly Route[] = [
  asApp('GET /app/hook/config', configured),
  asApp('PATCH /app/hook/config', (call) => {
    const { url, secret } = call.body as { readonly url?: string; readonly secret?: string };
    const before = call.world.webhooks.configuration ?? { url: '', secret: '' };
    call.world.webhooks.configure({ ...before, url: url ?? before.url, secret: secret ?? before.secret });
    return configured(call);
  }),
  asApp('GET /app/hook/deliveries', listDeliveries),
  asApp('GET /app/hook/deliveries/{delivery_id}', (call) => {
    const found = call.world.webhooks.deliveries.find((one) => one.id === Number(call.params.delivery_id));
    if (found === undefined) throw notFound();
    return ok(renderDelivery(found, call.world.clock.at(found.deliveredAtMs)));
  }),
  asApp('POST /app/hook/deliveries/{delivery_id}/attempts', (call) => {
    const id = Number(call.params.delivery_id);
    const found = call.world.webhooks.deliveries.find((one) => one.id === id);
    if (found === undefined) throw notFound();
    if (found.deliveredAtMs <= call.world.clock.now() - DAYS_KEPT_MS || !call.world.webhooks.redeliver(id)) {
      throw new GitHubError(422, 'Delivery is too old to be redelivered');
    }
    return ok({}, 202);
  }),
];
