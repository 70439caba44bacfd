import { chaosCase, type Guard, testIn } from './guard.js';

const CLAIMS = 'activities/agents/tools/host-tools.activities.ts';
const LEDGER = 'activities/agents/ledger.ts';
const IDEMPOTENCY = 'api/http/idempotency.repository.ts';

/** The claim says that a reply was kept. */
const KEPT_ALREADY = {
  file: 'activities/store/usage.repository.ts',
  cut: "                                                        AND state = 'done')`,",
  put: "                                                        AND state = 'never')`,",
};

const CALL_GUARDS: readonly Guard[] = [
  {
    name: 'model-reply-kept',
    about: 'a reply that was paid is answered again, not bought again',
    edits: [
      {
        file: 'activities/agents/model.activities.ts',
        cut: '        if (kept) return keptStep(blobs, run, kept);\n',
        put: '        if (kept && turn < 0) return keptStep(blobs, run, kept);\n',
      },
      KEPT_ALREADY,
    ],
    proofs: [
      testIn('activities/agents/model-call', 'a retry returns the reply that the dead attempt already paid for'),
      chaosCase('1-kill-model-call-after-record-before-ack', 1),
    ],
  },
  {
    name: 'model-call-claim',
    about: 'an attempt that comes while another one keeps its reply waits for it and takes it',
    edits: [KEPT_ALREADY],
    proofs: [
      testIn(
        'activities/agents/model-call',
        'an attempt that begins while the reply of another one is being kept takes that reply and buys none',
      ),
    ],
  },
  {
    name: 'lost-calls-booked',
    about: 'a call that died without a word stays booked at its worst case',
    edits: [
      {
        file: LEDGER,
        cut: '        bookLost(tx, runId, turn),\n',
        put: '        releaseReservation(tx, { runId, turn, attempt: 1 }),\n',
      },
    ],
    proofs: [
      testIn(
        'activities/agents/model-call',
        'an attempt that dies between the answer and the keeping of it is booked as lost, and the call is made again',
      ),
      chaosCase('1-kill-model-call-after-call-before-record', 1),
    ],
  },
  {
    name: 'budget-stop',
    about: 'at a limit nothing is bought',
    edits: [
      {
        file: 'activities/agents/model.activities.ts',
        cut: "        if (hit) return { kind: 'budget', hit };\n",
        put: "        if (hit && turn < 0) return { kind: 'budget', hit };\n",
      },
    ],
    proofs: [
      testIn('activities/agents/model-call', 'at a limit nothing is bought, until a person grants the allowance again'),
    ],
  },
  {
    name: 'tool-call-claim',
    about: 'a call that may have had its effect is not made again',
    edits: [
      {
        file: CLAIMS,
        cut: "if (!earlier || (earlier.state === 'open' && isReadOnly(loaded))) await",
        put: "if (earlier?.state !== 'unknown' || isReadOnly(loaded)) await",
      },
    ],
    proofs: [
      testIn('activities/tools/host-tools', 'a call that ended is answered from its claim and not done again'),
      testIn(
        'activities/tools/host-tools',
        'after a dead attempt a reading call is repeated, a writing one stays unknown',
      ),
    ],
  },
  {
    name: 'store-tool-claim',
    about: 'mail, decisions and plans of a call are stored once',
    edits: [
      {
        file: 'activities/agents/tools/store-tool.activities.ts',
        cut: "if (!earlier || earlier.state === 'open') {",
        put: "if (earlier?.state !== 'unknown') {",
      },
    ],
    proofs: [
      testIn(
        'activities/agents/store-tools',
        'a call that was refused stays refused, though it could be granted by the next attempt',
      ),
    ],
  },
  {
    name: 'program-claim',
    about: 'a program whose end is recorded is not run again',
    edits: [
      {
        file: 'activities/agents/command/command-agent.activities.ts',
        cut: "      if (earlier?.state === 'done' && earlier.resultRef !== null) return",
        put: "      if (earlier?.state === 'unknown' && earlier.resultRef !== null) return",
      },
    ],
    proofs: [
      testIn(
        'activities/command/command-agent',
        'an attempt that finds the end recorded does not run the program again',
      ),
    ],
  },
  {
    name: 'turn-seal',
    about: 'the first seal of a turn stands',
    edits: [
      {
        file: 'activities/store/turn.repository.ts',
        cut: 'WHERE run_id = $1 AND seq = $2 AND sealed_at IS NULL`',
        put: 'WHERE run_id = $1 AND seq = $2`',
      },
      { file: 'activities/agents/seal.activities.ts', cut: 'if (!before?.isSealed) {', put: 'if (before !== null) {' },
    ],
    proofs: [
      testIn('activities/agents/store-tools', 'a seal keeps results and checkpoint once; a repeat answers the first'),
    ],
  },
];

const ROW_GUARDS: readonly Guard[] = [
  {
    name: 'first-verdict',
    about: 'the first verdict of a check on a tree stands, whoever comes at the same time',
    edits: [
      {
        file: 'infra/migrations/0001_create_schema.sql',
        cut: 'CREATE UNIQUE INDEX evidence_live',
        put: 'CREATE INDEX evidence_live',
      },
      {
        file: 'activities/store/evidence.repository.ts',
        cut: '\n           ON CONFLICT (project_id, key) WHERE voided_at IS NULL DO NOTHING`',
        put: '`',
      },
    ],
    proofs: [
      testIn('activities/merge/queue-store', 'the first stored verdict of a key wins, whoever comes at the same time'),
    ],
  },
  {
    name: 'pull-request-adoption',
    about: 'the pull request that an earlier attempt opened is adopted',
    edits: [
      {
        file: 'infra/migrations/0001_create_schema.sql',
        cut: 'CREATE UNIQUE INDEX pull_request_open',
        put: 'CREATE INDEX pull_request_open',
      },
      {
        file: 'infra/forge/local/local-forge.ts',
        cut: "known.find(({ state }) => state === 'open');",
        put: "known.find(({ state }) => state === 'merged');",
      },
    ],
    proofs: [
      testIn(
        'infra/forge-contract/local',
        'opening again adopts the pull request and brings its text up to date',
        'opening',
      ),
      testIn('infra/forge-contract/local', 'many openings at once make one pull request', 'opening'),
      chaosCase('27-lost-answer-pull-request', 1),
    ],
  },
  {
    name: 'pull-request-marker',
    about: 'a pull request of somebody else is not taken for our own',
    edits: [
      {
        file: 'infra/forge/local/local-forge.ts',
        cut: 'if (open !== undefined && open.marker !== input.marker)',
        put: "if (open !== undefined && input.marker === '')",
      },
    ],
    proofs: [
      testIn(
        'infra/forge-contract/local',
        'another author’s open pull request of the same branches is a conflict',
        'opening',
      ),
    ],
  },
  {
    name: 'merge-mark-once',
    about: 'a pull request is marked as merged once, by one commit',
    edits: [
      {
        file: 'infra/forge/local/pull-request.repository.ts',
        cut: "           WHERE project_id = $1 AND number = $2 AND state = 'open'`,\n    values: [end.",
        put: '           WHERE project_id = $1 AND number = $2`,\n    values: [end.',
      },
    ],
    proofs: [
      testIn('infra/forge-local', 'merged is marked once; the same commit again is success, another one a conflict'),
    ],
  },
  {
    name: 'mail-id',
    about: 'a mail that is sent again is the same mail',
    edits: [
      {
        file: 'activities/mail/mail.repository.ts',
        cut: '    values: [\n      mail.id,',
        put: '    values: [\n      crypto.randomUUID(),',
      },
    ],
    proofs: [
      testIn('activities/merge/queue-store', 'a rebase request is one mail to the task, however often it is sent'),
    ],
  },
  {
    name: 'answer-once',
    about: 'of many answers to one question one counts',
    edits: [
      {
        file: 'api/mail/mail.repository.ts',
        cut: '             WHERE id = $1 AND answered_at IS NULL`',
        put: '             WHERE id = $1`',
      },
    ],
    proofs: [testIn('api/mail', 'of many answers at once one counts, and the others are told')],
  },
  {
    name: 'lifecycle-numbers',
    about: 'what a workflow says is written down once, in order',
    edits: [{ file: 'activities/store/lifecycle.ts', cut: 'number > last)', put: 'number > last - last)' }],
    proofs: [
      testIn('activities/store/lifecycle', 'a repeated write stores no event twice and raises no revision'),
      testIn('activities/store/lifecycle', 'a write that overlaps an earlier one stores only what is new, in order'),
    ],
  },
];

const REQUEST_GUARDS: readonly Guard[] = [
  {
    name: 'idempotency-key',
    about: 'a request with a key runs once, in whatever process',
    edits: [{ file: IDEMPOTENCY, cut: 'return rowCount === 1 ?', put: 'return rowCount <= 1 ?' }],
    proofs: [
      testIn('api/epics', 'twenty equal requests at once with one key make one epic; the others get its answer or 409'),
      chaosCase('9-one-key-at-once'),
    ],
  },
  {
    name: 'idempotency-hash',
    about: 'a key that was used for another request is refused',
    edits: [
      {
        file: IDEMPOTENCY,
        cut: "    if (row.request_hash !== hash) return { kind: 'other_request' };\n",
        put: "    if (hash === '') return { kind: 'other_request' };\n",
      },
    ],
    proofs: [testIn('api/epics', 'a key that was used for another body is refused, and another caller may use it')],
  },
  {
    name: 'idempotency-answer',
    about: 'the answer is kept in the transaction that makes what it tells of',
    edits: [
      {
        file: IDEMPOTENCY,
        cut: 'if (caller.idempotencyKey !== undefined) await keepAnswer(tx,',
        put: "if (caller.idempotencyKey === '') await keepAnswer(tx,",
      },
    ],
    proofs: [testIn('api/epics', 'a request whose process died after the commit is answered from what it committed')],
  },
  {
    name: 'update-id',
    about: 'a command that is sent again is carried out once',
    edits: [
      {
        file: 'api/temporal/workflow-gateway.ts',
        cut: 'const updateId = call.updateId ?? randomUUID();\n    const handle',
        put: 'const updateId = randomUUID();\n    const handle',
      },
    ],
    proofs: [testIn('api/controls', 'a command sent twice with one key is carried out once')],
  },
];

/** Claims, keys and numbers in rows: what finds that an effect, a mail or a request was there before. */
export const RECORD_GUARDS: readonly Guard[] = [...CALL_GUARDS, ...ROW_GUARDS, ...REQUEST_GUARDS];
