import { family } from '../vector.js';
import { WEBHOOK_VECTORS } from './webhooks.vectors.js';
import { WebhooksWorld } from './world.js';

export const WEBHOOKS = family(
  {
    name: 'webhooks',
    about: 'the endpoint for webhooks, by forged, changed, huge, slow, foreign and replayed deliveries',
  },
  WEBHOOK_VECTORS,
  () => WebhooksWorld.open(),
);
