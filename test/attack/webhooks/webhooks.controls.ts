import type { Control } from '../control.js';

const BODY = 'api/webhooks/signed-body.ts';
const ROUTE = 'api/webhooks/signed-route.ts';
const INBOX = 'api/webhooks/delivery.repository.ts';
const LINEAR_INBOX = 'api/webhooks/linear-delivery.repository.ts';
/** A row for each delivery, however often it comes. */
const NO_KEY = {
  file: 'infra/migrations/0002_add_github.sql',
  cut: 'delivery_id text PRIMARY KEY',
  put: 'delivery_id text',
};

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
    name: 'webhooks.content-type',
    about: 'a body is of the type that its sender sends',
    edits: [{ file: ROUTE, cut: '      [...route.contentTypes],\n', put: "      '*',\n" }],
  },
  {
    name: 'webhooks.encoding',
    about: 'a body is not compressed',
    edits: [
      {
        file: ROUTE,
        cut: "if (request.headers['content-encoding'] !== undefined) {",
        put: 'if (active.length < 0) {',
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
    edits: [{ file: INBOX, cut: '      ON CONFLICT (delivery_id) DO NOTHING\n' }, NO_KEY],
  },
  {
    name: 'webhooks.linear-once',
    about: 'a delivery of Linear that is played again is the one that it was',
    edits: [{ file: LINEAR_INBOX, cut: '      ON CONFLICT (delivery_id) DO NOTHING\n' }, NO_KEY],
  },
  {
    name: 'webhooks.linear-time',
    about: 'a delivery of Linear was sent within a minute of now',
    edits: [
      {
        file: 'api/webhooks/linear-delivery.ts',
        cut: 'if (Math.abs(nowMs - sentMs) > MOST_SKEW_MS)',
        put: 'if (nowMs < 0)',
      },
    ],
  },
  {
    name: 'webhooks.linear-team',
    about: 'only the project of the team is told, known by its id as soon as that is known',
    edits: [
      {
        file: LINEAR_INBOX,
        cut: `          AND (i.epic_id IS NOT NULL OR p.linear_team_id::text = g.team
               OR (p.linear_team_id IS NULL AND upper(p.linear_team_key) = upper(g.key)))
`,
      },
    ],
  },
  {
    name: 'webhooks.linear-kinds',
    about: 'of issues and comments alone anybody is told',
    edits: [{ file: 'domain/forge/linear-hint.ts', cut: "  if (type !== 'Comment') return undefined;\n" }],
  },
];
