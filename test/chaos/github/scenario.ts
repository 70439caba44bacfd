import type { Rule, Scenario } from '../../support/model-server/scenario.js';
import { REPEATABLE_WORKER, REPOSITORY, scenarioOf } from '../scenario.js';

/** Of the issues, by the place where they are filed; each has tasks of its own. */
export const TITLES = { github: 'Write files', elsewhere: 'Write other files' } as const;

/** Tasks of which some wait for others, and some write to the same lines. */
const taskNames = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}-${String(index + 1).padStart(2, '0')}`);

/** The task writes to the file that others write to, too. */
const SHARES = /^[tu]-\d[159]$/;

const planner = (letter: string, count: number, title: string): Rule => ({
  name: `planner of “${title}”`,
  when: { role: 'supervisor', kind: 'planning', first: title },
  steps: [
    {
      calls: [
        {
          tool: 'task_complete',
          input: {
            summary: `${count} tasks.`,
            plan: {
              design: 'Each task adds files of its own; some add a line to shared.txt.',
              tasks: taskNames(letter, count).map((key, index, all) => ({
                key,
                title: key,
                description: `Write ${key}.`,
                predictedFiles: [`${key}.txt`, `${key}.log`],
                dependsOn: index % 5 === 4 ? all.slice(index - 2, index).map((before) => ({ key: before })) : [],
              })),
            },
          },
        },
      ],
    },
  ],
});

/** Who took in what the outsider then replaced meets both of it in a file that is the outsider's alone. */
const KEEP_OUTSIDE = "sed -i '/^[<=>|]\\{7\\}/d' outside-*.txt || true";

const BOTH_STAY: Rule = {
  name: 'both stay',
  when: { kind: 'integration', data: 'conflict' },
  steps: [
    { calls: [{ tool: 'read_file', input: { path: 'shared.txt' } }] },
    { calls: [{ tool: 'write_file', input: { path: 'shared.txt', content: '{{file.shared.txt | resolve both}}' } }] },
    { calls: [{ tool: 'run_command', input: { command: KEEP_OUTSIDE } }] },
    { calls: [{ tool: 'task_complete', input: { summary: 'Kept both lines.' } }] },
  ],
};

const SHARING: Rule = {
  name: 'sharing',
  when: { role: 'worker', kind: 'execution', task: String(SHARES) },
  steps: [
    { calls: [{ tool: 'read_file', input: { path: 'shared.txt' } }] },
    { calls: [{ tool: 'write_file', input: { path: 'shared.txt', content: '{{file.shared.txt}}{{task}}\n' } }] },
    ...(REPEATABLE_WORKER.steps ?? []),
  ],
};

/**
 * A CI with moods makes an agent do its work a second time, and differently: what was not to blame needs no other change.
 */
const AGAIN: Rule = {
  name: 'again',
  when: { role: 'worker', kind: 'debug' },
  steps: [
    { calls: [{ tool: 'run_command', input: { command: 'date +%s%N > {{task}}.again' } }] },
    { calls: [{ tool: 'task_complete', input: { summary: 'Looked again.' } }] },
  ],
};

/** Plans the epic of each issue, and does its tasks. */
export const issueScenario = (tasks: number): Scenario =>
  scenarioOf(
    planner('t', tasks, TITLES.github),
    planner('u', tasks, TITLES.elsewhere),
    BOTH_STAY,
    AGAIN,
    SHARING,
    REPEATABLE_WORKER,
  );

/** Its check is red when a command ran twice, a conflict was kept, or a line of the shared file came twice. */
export const SHARED_REPOSITORY = {
  ...REPOSITORY,
  'check.sh': `${REPOSITORY['check.sh']}! grep -q '^[<=>]' shared.txt || exit 1\n[ -z "$(sort shared.txt | uniq -d)" ]\n`,
  'shared.txt': 'begin\n',
};

export const CHECK = ['sh', 'check.sh'] as const;
