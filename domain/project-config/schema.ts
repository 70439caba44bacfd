import {
  AGENT_NAME,
  ASSIGNMENT,
  BRANCH,
  COMMAND,
  type ConfigNode,
  GLOB,
  NAME,
  type ObjectNode,
  TREE_PATH,
} from './nodes.js';

const command: ConfigNode = {
  kind: 'text',
  pattern: COMMAND,
  maxLength: 20_000,
  about: 'Run by sh -c at the root of the tree.',
};
const globs = (about: string): ConfigNode => ({ kind: 'list', of: { kind: 'text', pattern: GLOB }, max: 200, about });
const environment: ConfigNode = {
  kind: 'list',
  of: { kind: 'text', pattern: ASSIGNMENT },
  max: 100,
  about: 'NAME=value: what the command finds in its environment beside PATH, HOME and the like.',
};
const seconds = (max: number, about: string): ConfigNode => ({ kind: 'whole', min: 1, max, about });

const SETUP: ObjectNode = {
  kind: 'object',
  about: 'Prepares a tree, for example by installing dependencies. Runs once per definition and inputs, with network.',
  required: ['run', 'outputs'],
  fields: {
    run: { kind: 'oneOrMore', of: command, max: 20 },
    inputs: globs('Files that the outputs depend on, for example the lock file. Default: the whole tree.'),
    outputs: {
      kind: 'list',
      of: { kind: 'text', pattern: TREE_PATH },
      min: 1,
      max: 50,
      about: 'What it makes: directories or files that git does not track.',
    },
    env: environment,
    timeout: seconds(7200, 'Seconds for all commands together. Default 1800.'),
  },
};

const CHECK: ObjectNode = {
  kind: 'object',
  required: ['name', 'run'],
  fields: {
    name: { kind: 'text', pattern: NAME },
    run: command,
    required: { kind: 'flag', about: 'Whether nothing lands without it. Default true.' },
    timeout: seconds(1800, 'Seconds. Default 300.'),
    needs: { kind: 'list', of: { kind: 'text', pattern: NAME }, max: 50, about: 'Checks that must pass first.' },
    inputs: globs('What it depends on. Recorded; with landing strict the whole tree counts.'),
    rerun: {
      ...command,
      about:
        'Repeats only failed tests: {tests} is replaced by their quoted names. Absent: the whole check is repeated.',
    },
    retry: {
      kind: 'oneOf',
      values: ['none', 'immediate', 'fixed', 'exponential', 'fibonacci'],
      about: 'Wait between at most 3 tries of a failing run. Default none.',
    },
    env: environment,
    failFast: { kind: 'flag', about: 'Its confirmed failure ends the build at once. Default false.' },
    outputs: { kind: 'later' },
    image: { kind: 'later' },
  },
};

const MERGE: ObjectNode = {
  kind: 'object',
  fields: {
    policy: { kind: 'only', value: 'sequential' },
    budget: { kind: 'only', value: 1 },
    lookahead: { kind: 'only', value: 0 },
    alternates: { kind: 'only', value: false },
    threshold: { kind: 'later' },
    bypass: { kind: 'only', value: 0 },
    boost: { kind: 'only', value: false },
    batch: { kind: 'object', fields: { max: { kind: 'only', value: 1 } } },
    landing: { kind: 'only', value: 'strict' },
    analyser: { kind: 'only', value: 'all' },
    strategy: { kind: 'only', value: 'merge' },
    attempts: { kind: 'whole', min: 1, max: 10, about: 'Tries when the machinery fails, not the tests. Default 3.' },
    rebaseRounds: { kind: 'whole', min: 1, max: 10, about: 'Rebase requests before a person is asked. Default 3.' },
    maxEntries: { kind: 'whole', min: 1, max: 10_000, about: 'Live entries of a queue. Default 500.' },
    via: {
      kind: 'oneOf',
      values: ['push', 'api'],
      about:
        "How work lands: by a guarded push, or by GitHub's own merge where its rules let nobody push. Default push.",
    },
    target: { kind: 'text', pattern: BRANCH, about: 'Branch that work lands on. Default: the base branch.' },
    holdLabel: { kind: 'text', pattern: NAME, about: 'A pull request with this label does not land.' },
    scopes: { kind: 'later' },
    generated: { kind: 'later' },
  },
};

const agent = (about: string): ObjectNode => ({
  kind: 'object',
  about,
  fields: {
    use: { kind: 'text', pattern: AGENT_NAME, about: 'Name of a registered agent.' },
    temperature: { kind: 'number', min: 0, max: 1 },
    maxTokens: { kind: 'whole', min: 256, max: 128_000, about: 'Of one reply.' },
    permissions: { kind: 'later' },
  },
});

const tokens: ConfigNode = { kind: 'whole', min: 1000, max: 1_000_000_000 };
const dollars: ConfigNode = { kind: 'number', min: 0.01, max: 100_000 };

const LIMITS: ObjectNode = {
  kind: 'object',
  fields: {
    parallelTasks: { kind: 'whole', min: 1, max: 100, about: 'Tasks of one epic at once. Default 10.' },
    run: {
      kind: 'object',
      about: 'Defaults: 100 turns, 2000000 tokens, 5 dollars, 3600 seconds.',
      fields: {
        turns: { kind: 'whole', min: 1, max: 10_000 },
        tokens,
        dollars,
        seconds: { kind: 'whole', min: 60, max: 86_400 },
      },
    },
    task: { kind: 'object', about: 'Default: none.', fields: { tokens, dollars } },
    epic: { kind: 'object', about: 'Default: 50 dollars.', fields: { tokens, dollars } },
    project: { kind: 'later' },
  },
};

const EPICS: ObjectNode = {
  kind: 'object',
  fields: {
    mergeTarget: {
      kind: 'oneOf',
      values: ['epic', 'base'],
      about: 'Where tasks land. Default epic: a branch of the epic.',
    },
    land: { kind: 'oneOf', values: ['person', 'auto'], about: "Who lands the epic's pull request. Default person." },
    overlap: {
      kind: 'oneOf',
      values: ['serialise', 'allow'],
      about: 'Tasks that expect to edit the same files. Default serialise.',
    },
    approval: { kind: 'oneOf', values: ['none', 'plan', 'all'], about: 'Default none.' },
    planner: { kind: 'oneOf', values: ['model'], later: ['heuristic'] },
    review: { kind: 'object', fields: { required: { kind: 'only', value: 0 } } },
  },
};

/** The file `millwright.yml` at the root of the base branch. */
export const FILE_SCHEMA: ObjectNode = {
  kind: 'object',
  required: ['version'],
  fields: {
    version: { kind: 'only', value: 1 },
    setup: SETUP,
    checks: { kind: 'list', of: CHECK, max: 50 },
    merge: MERGE,
    agents: {
      kind: 'object',
      fields: {
        worker: agent('Implements tasks. Default anthropic-worker.'),
        supervisor: agent('Plans epics and answers questions. Default anthropic-supervisor.'),
        reviewer: { kind: 'later' },
        orchestrator: { kind: 'later' },
        droid: { kind: 'later' },
        edges: { kind: 'later' },
      },
    },
    limits: LIMITS,
    protected: { kind: 'later' },
    sandbox: { kind: 'adminOnly', values: ['none'], about: 'A network allow-list is not in this version.' },
    setupNetwork: { kind: 'adminOnly', values: [true, false] },
    epics: EPICS,
  },
};

/** What an admin sets on the project: the file's keys, and those that only an admin may set. `checks: none` waives them. */
export const OVERRIDES_SCHEMA: ObjectNode = { ...FILE_SCHEMA, required: [] };
