import { type Guard, testIn } from './guard.js';

const INBOX = 'api/webhooks/delivery.repository.ts';

export const WEBHOOK_GUARDS: readonly Guard[] = [
  {
    name: 'webhook-delivery-once',
    about: 'a delivery that comes again is the row that it was',
    edits: [
      { file: INBOX, cut: '      ON CONFLICT (delivery_id) DO NOTHING\n' },
      { file: 'infra/migrations/0002_add_github.sql', cut: 'delivery_id text PRIMARY KEY', put: 'delivery_id text' },
    ],
    proofs: [
      testIn('api/webhook-inbox', 'a hundred copies of one delivery are one row and one signal, whenever they come'),
    ],
  },
  {
    name: 'webhook-signal-held',
    about: 'a delivery that joins a waiting signal holds it until it is committed',
    edits: [{ file: 'api/webhooks/tell-factory.ts', cut: '      FOR SHARE),', put: '      ),' }],
    proofs: [
      testIn(
        'api/webhook-inbox',
        'a hint that comes while the relay closes a signal waits for that, and gets one of its own',
      ),
    ],
  },
  {
    name: 'webhook-signal-closed',
    about: 'the relay closes a signal that gathers before it sends it',
    edits: [{ file: 'workers/duties/relay.ts', cut: '  if (row.options.gathers) await closeGathering(db, row.id);\n' }],
    proofs: [testIn('workers/relay', 'a signal that gathers is not sent before those who join it have committed')],
  },
];
