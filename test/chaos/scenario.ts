import type { Rule, Scenario } from '../support/model-server/scenario.js';

/**
 * A worker writes a file of its own, runs a command whose effect must come once, and says that it is done. A line more
 * in the log means that a call was made twice.
 */
export const WORKER: Rule = {
  name: 'worker',
  when: { role: 'worker' },
  steps: [
    { calls: [{ tool: 'write_file', input: { path: '{{task}}.txt', content: '{{task}}\n' } }] },
    { calls: [{ tool: 'run_command', input: { command: 'echo ran >> {{task}}.log' } }] },
    { calls: [{ tool: 'task_complete', input: { summary: 'Wrote {{task}}.' } }] },
  ],
};

/**
 * The same, for cases in which the engine forgets a run: another begins anew in the tree as it was left, as after any
 * failed attempt, so its command may come a second time.
 */
export const REPEATABLE_WORKER: Rule = {
  ...WORKER,
  steps:
    WORKER.steps?.map((step) => ({
      ...step,
      calls:
        step.calls?.map((call) =>
          call.tool === 'run_command' ? { ...call, input: { command: 'echo ran > {{task}}.log' } } : call,
        ) ?? [],
    })) ?? [],
};

/**
 * For cases in which so much fails that a run may, and its task begins another in the same tree: who is told of a failed
 * attempt does what a command did again without harm. What comes twice within an attempt is still seen.
 */
export const WORKERS_THAT_MAY_FAIL: readonly Rule[] = [
  { ...REPEATABLE_WORKER, name: 'worker of another attempt', when: { role: 'worker', data: 'failure' } },
  WORKER,
];

const SUPERVISOR: Rule = {
  name: 'supervisor',
  when: { role: 'supervisor' },
  steps: [{ calls: [{ tool: 'task_complete', input: { summary: 'Read; nothing to do.' } }] }],
};

export const scenarioOf = (...workers: readonly Rule[]): Scenario => ({
  version: 1,
  latencyMs: 50,
  rules: [...workers, SUPERVISOR],
});

/** The repository that the cases work on; its check is red when a command ran twice. */
export const REPOSITORY = {
  'millwright.yml': 'version: 1\nchecks:\n  - name: once\n    run: sh check.sh\n    timeout: 60\n',
  'check.sh': 'for log in *.log; do [ -e "$log" ] || continue; [ "$(wc -l < "$log")" = 1 ] || exit 1; done\n',
  'README.md': 'Every task adds two files.\n',
};
