import { family } from '../vector.js';
import { LINEAR_VECTORS } from './linear.vectors.js';
import { WEBHOOK_VECTORS } from './webhooks.vectors.js';
import { WebhooksWorld } from './world.js';

export const WEBHOOKS = family(
  {
    name: 'webhooks',
    about: 'the endpoints for webhooks, by forged, changed, huge, slow, foreign and replayed deliveries',
  },
  [...WEBHOOK_VECTORS, ...LINEAR_VECTORS],
  () => WebhooksWorld.open(),
);
