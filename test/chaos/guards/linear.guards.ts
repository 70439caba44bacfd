import { chaosCase, type Guard, testIn } from './guard.js';

const INBOX = 'api/webhooks/linear-delivery.repository.ts';

/** What makes an effect at Linear come once. */
export const LINEAR_GUARDS: readonly Guard[] = [
  {
    name: 'linear-delivery-once',
    about: 'a delivery of Linear that comes again is the row that it was',
    edits: [
      { file: INBOX, cut: '      ON CONFLICT (delivery_id) DO NOTHING\n' },
      { file: 'infra/migrations/0002_add_github.sql', cut: 'delivery_id text PRIMARY KEY', put: 'delivery_id text' },
    ],
    proofs: [
      testIn(
        'api/linear-webhooks',
        'what is signed is kept once, tells the factory once, and is answered as Linear wants it',
      ),
      chaosCase('30-linear-killed-at-event', 7),
    ],
  },
  {
    name: 'linear-comment-once',
    about: 'a comment of ours has an id that follows from what it is, so that nobody makes a second one',
    edits: [
      {
        file: 'infra/forge/linear/own-comments.ts',
        cut: '    const id = ownCommentId({ projectId, key, marker }, life);\n    try {',
        put: '    const id = crypto.randomUUID();\n    try {',
      },
    ],
    proofs: [
      testIn('activities/issues/linear-commands', 'a comment whose making was not answered is not made twice'),
      testIn('activities/issues/linear-commands', 'two workers at once write one comment'),
    ],
  },
  {
    name: 'linear-team-once',
    about: 'a team is one project’s, whatever it was called when they were linked',
    edits: [
      {
        file: 'infra/migrations/0012_hold_linear_teams.sql',
        cut: 'CREATE UNIQUE INDEX project_by_linear_team',
        put: 'CREATE INDEX project_by_linear_team',
      },
    ],
    proofs: [
      testIn(
        'activities/issues/linear-team',
        'a team that was linked by its old key is not taken by its new one as well',
      ),
    ],
  },
];
