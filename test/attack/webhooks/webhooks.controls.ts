import type { Control } from '../control.js';

const BODY = 'api/webhooks/signed-body.ts';
const INBOX = 'api/webhooks/delivery.repository.ts';

export const WEBHOOK_CONTROLS: readonly Control[] = [
  {
    name: 'webhooks.signature',
    about: 'a delivery is signed over its very bytes with an active secret',
    edits: [{ file: BODY, cut: 'if (!check.isRight()) throw', put: 'if (maxBytes < 0) throw' }],
  },
  {
    name: 'webhooks.cap',
    about: 'a body has a largest size',
    edits: [
      { file: BODY, cut: '    if (size > maxBytes) {\n', put: '    if (size < 0) {\n' },
      { file: BODY, cut: '  if (size > maxBytes) throw', put: '  if (size < 0) throw' },
    ],
  },
  {
    name: 'webhooks.patience',
    about: 'a body that does not come is not waited for',
    edits: [
      {
        file: BODY,
        cut: "stop(new BodyRefused(408, 'The body did not come in time.')), maxMs)",
        put: "stop(new BodyRefused(408, 'The body did not come in time.')), maxMs * 100)",
      },
    ],
  },
  {
    name: 'webhooks.project',
    about: 'only a live project of the forge, known by its repository and its own installation, is told',
    edits: [
      {
        file: INBOX,
        cut: '          AND (g.installation IS NULL OR forge_installation_id IS NULL OR forge_installation_id = g.installation)\n',
      },
    ],
  },
  {
    name: 'webhooks.once',
    about: 'a delivery that is played again is the one that it was',
    edits: [
      { file: INBOX, cut: '      ON CONFLICT (delivery_id) DO NOTHING\n' },
      { file: 'infra/migrations/0002_add_github.sql', cut: 'delivery_id text PRIMARY KEY', put: 'delivery_id text' },
    ],
  },
];
