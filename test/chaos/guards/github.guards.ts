import { chaosCase, type Guard, testIn } from './guard.js';

/** What makes an effect at GitHub come once, and lets nothing depend on its events. */
export const GITHUB_GUARDS: readonly Guard[] = [
  {
    name: 'github-looks',
    about: 'what no event tells is found by looking',
    edits: [
      {
        file: 'activities/forge/watch/watch.activities.ts',
        cut: 'eachInTurn(watched, EVERYTHING)',
        put: 'eachInTurn(watched, AFTER_HINT)',
      },
    ],
    proofs: [chaosCase('30-github-no-webhooks', 7), chaosCase('30-github-killed-at-event', 7)],
  },
  {
    name: 'github-pull-request-adopted',
    about: 'before a pull request is opened it is looked for: the answer of the first attempt may be lost',
    edits: [
      {
        file: 'infra/forge/github/github-forge.ts',
        cut: '(await this.adopt(at, input, signal)) ?? (await this.create(at, input, signal))',
        put: 'await this.create(at, input, signal)',
      },
    ],
    proofs: [
      testIn(
        'infra/forge-contract/github',
        'a pull request whose answer was lost is adopted, by another process too',
        'opening',
      ),
    ],
  },
  {
    name: 'foreign-push',
    about: 'what others pushed to the branch of a task is not queued before somebody says so, and is merged then',
    edits: [
      {
        file: 'workflows/task/after-step.ts',
        cut: '  if (foreignHead !== undefined) return pushedByOthers(open, foreignHead);\n',
      },
    ],
    proofs: [
      testIn(
        'unit/task/foreign-push',
        'a pull request whose branch holds what others pushed is not queued, and somebody is asked',
      ),
      chaosCase('25-github-branch-forced', 7),
    ],
  },
  {
    name: 'asked-again-afresh',
    about: 'who asks for a red check again is not answered by what was known of that tree',
    edits: [
      {
        file: 'activities/forge/gates/rerun.ts',
        cut: '  await voidRedEvidence(deps.pools.writes, projectId, headSha);\n',
      },
    ],
    proofs: [
      testIn(
        'activities/forge/rerun',
        'a red head is checked once more when somebody asks, and what was known of its tree does not answer',
      ),
    ],
  },
  {
    name: 'turned-red',
    about: 'a context that turns red on the very commit takes its verdict back before that lands',
    edits: [
      {
        file: 'activities/checks/forge/turned-red.ts',
        cut: 'await voidEvidence(writes',
        put: 'void (writes',
      },
    ],
    proofs: [
      testIn(
        'activities/forge/ci-gate',
        'a verdict is taken back when the context turns red on the very commit before it lands, and by nothing else',
      ),
    ],
  },
  {
    name: 'closed-with-base',
    about: 'a pull request that GitHub closed with its base is opened again, and is nobody’s refusal',
    edits: [
      {
        file: 'infra/forge/github/github-forge.ts',
        cut: "pr.state === 'closed' ? await this.withBase(projectId, pr, signal) : pr;",
        put: 'pr;',
      },
    ],
    proofs: [
      testIn(
        'activities/forge/base-branch',
        'a base that is gone is said once and waited for; what GitHub closed with it is opened again',
      ),
    ],
  },
  {
    name: 'opened-again-once',
    about: 'once the base is back, what a person closes stays closed',
    edits: [
      {
        file: 'infra/forge/github/pull-request-row.repository.ts',
        cut: "awaits_base = awaits_base AND NOT ($9 = 'open' AND is_base_there)",
        put: 'awaits_base = awaits_base',
      },
    ],
    proofs: [
      testIn(
        'activities/forge/base-branch',
        'once the base is back a pull request that a person closes stays closed, whoever opened it again',
      ),
    ],
  },
];
