import { capText, dataLine, markedData } from '../../../domain/prompt-data.js';
import type { AgentRole, RunKind } from '../../../domain/tools/catalogue.js';

export interface PromptFacts {
  readonly role: AgentRole;
  readonly kind: RunKind;
  readonly runId: string;
  readonly attempt: number;
  readonly round: number;
  readonly project: string;
  readonly createdBy: string;
  readonly epic?: { readonly title: string; readonly description: string; readonly design: string };
  readonly task?: {
    readonly id: string;
    readonly title: string;
    readonly description: string;
    readonly acceptance: readonly string[];
    readonly predictedFiles: readonly string[];
  };
  /** Of the epic, for its supervisor. */
  readonly tasks: readonly { readonly id: string; readonly title: string; readonly state: string }[];
  /** Each as a marked block. */
  readonly mail: readonly string[];
  readonly failedChecks: readonly {
    readonly name: string;
    readonly failedTests: readonly string[];
    readonly log: string;
  }[];
  readonly conflict?: {
    readonly tip: string;
    readonly files: readonly { readonly path: string; readonly what: string }[];
  };
  readonly previousSummary?: string;
  readonly previousFailure?: string;
  /** In the tree, but in no commit. */
  readonly ignoredFiles?: readonly string[];
  readonly planErrors: readonly string[];
  /** What will be run on the result. */
  readonly checks: readonly { readonly name: string; readonly command: string }[];
}

const LOG_CHARS = 24_000;
const DESIGN_CHARS = 20_000;

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

/** Facts of ours, one a line. Titles are made one plain line, so that none adds a line of its own. */
function head(facts: PromptFacts): string {
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['Role', facts.role],
    ['Kind', facts.kind],
    ['Project', facts.project],
    ['Epic', facts.epic?.title],
    ['Task', facts.task?.title],
    ['Task id', facts.task?.id],
    ['Round', String(facts.round)],
    ['Attempt', String(facts.attempt)],
    ['Run', facts.runId],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${dataLine(value)}`])).join('\n');
}

function work({ epic, task, createdBy, kind }: PromptFacts): readonly string[] {
  const author = `human ${createdBy}`;
  if (task) {
    const text = [
      task.title,
      task.description,
      ...(task.acceptance.length > 0 ? [`Done when:\n${list(task.acceptance)}`] : []),
      ...(task.predictedFiles.length > 0 ? [`Files that will probably change:\n${list(task.predictedFiles)}`] : []),
    ].join('\n\n');
    const around = epic ? [`It is part of an epic:\n${epicBlock(epic, author)}`] : [];
    return [`Your task:\n${markedData({ origin: 'task', author: epic ? 'planner' : author, text })}`, ...around];
  }
  if (!epic) return [];
  return [`${kind === 'planning' ? 'The epic to plan' : 'The epic that you supervise'}:\n${epicBlock(epic, author)}`];
}

const epicBlock = ({ title, description, design }: NonNullable<PromptFacts['epic']>, author: string): string => {
  const parts = [title, description, ...(design === '' ? [] : [`Design:\n${capText(design, DESIGN_CHARS)}`])];
  return markedData({ origin: 'epic', author, text: parts.join('\n\n') });
};

function failures({ failedChecks }: PromptFacts): readonly string[] {
  return failedChecks.map(({ name, failedTests, log }) => {
    const tests =
      failedTests.length === 0 ? '' : ` Failed tests:\n${list(failedTests.map((test) => dataLine(test)))}\n`;
    const block = markedData({ origin: 'check log', author: 'check', facts: { name }, text: capText(log, LOG_CHARS) });
    return `The required check ${dataLine(name)} is red.${tests}\n${block}`;
  });
}

function conflicts({ conflict }: PromptFacts): readonly string[] {
  if (!conflict) return [];
  const text = list(conflict.files.map(({ path, what }) => `${path}: ${what}`));
  const block = markedData({ origin: 'conflict', author: 'merge', facts: { tip: conflict.tip }, text });
  return [`The files hold the merge of your change and the tip of its target branch. These conflict:\n${block}`];
}

function troubles({ previousFailure, ignoredFiles = [] }: PromptFacts): readonly string[] {
  const failure = previousFailure ?? '';
  return [
    ...(failure === ''
      ? []
      : [
          `The attempt before this one failed:\n${markedData({ origin: 'failure', author: 'millwright', text: failure })}`,
        ]),
    ...(ignoredFiles.length === 0
      ? []
      : [
          `These files are in your directory but in no commit, because .gitignore ignores them:\n${markedData({ origin: 'ignored files', author: 'git', text: list(ignoredFiles) })}`,
        ]),
  ];
}

function history({ previousSummary, planErrors, tasks, mail, checks }: PromptFacts): readonly string[] {
  const errors =
    planErrors.length === 0 ? '' : markedData({ origin: 'plan errors', author: 'validator', text: list(planErrors) });
  return [
    ...(previousSummary === undefined
      ? []
      : [
          `What the run before you said it did:\n${markedData({ origin: 'summary', author: 'agent', text: previousSummary })}`,
        ]),
    ...(errors === '' ? [] : [`Your last plan was refused:\n${errors}`]),
    ...(tasks.length === 0
      ? []
      : [
          `Tasks of the epic:\n${markedData({ origin: 'tasks', author: 'planner', text: list(tasks.map((t) => `${t.id} [${t.state}] ${t.title}`)) })}`,
        ]),
    ...(checks.length === 0
      ? []
      : [
          `Checks that must be green:\n${markedData({ origin: 'checks', author: 'project', text: list(checks.map((c) => `${c.name}: ${c.command}`)) })}`,
        ]),
    ...mail.map((block) => `You have mail.\n${block}`),
  ];
}

const ENDING: Readonly<Record<RunKind, string>> = {
  planning: 'Plan the epic and hand in the plan with task_complete.',
  supervision: 'Answer what waits for an answer, then call task_complete.',
  execution: 'Implement the task, then call task_complete.',
  debug: 'Make the red checks green, then call task_complete.',
  integration: 'Resolve every conflict, then call task_complete.',
};

/** The first user message of a run. For a `command` agent it is the whole prompt. */
export const runPrompt = (facts: PromptFacts): string =>
  [
    head(facts),
    ...work(facts),
    ...failures(facts),
    ...conflicts(facts),
    ...troubles(facts),
    ...history(facts),
    ENDING[facts.kind],
  ].join('\n\n');
