import { ok } from '../http/call.js';
import { asAnyone, type Route } from '../http/route.js';
import { accountOf } from '../http/serve-rest.js';
import type { Limiter } from '../limits/limiter.js';

export const limitRoutes = (limiter: Limiter): readonly Route[] => [
  asAnyone('GET /rate_limit', (call) => {
    const core = limiter.view(accountOf(call.caller));
    return ok({ resources: { core, search: { ...core, limit: 30, remaining: 30, used: 0 } }, rate: core });
  }),
];
