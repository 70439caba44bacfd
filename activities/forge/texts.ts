/** Everything that a pull request of ours says. */
import { gatedMarkdown } from '../../domain/forge/agent-markdown.js';
import { foreignLine } from '../../domain/forge/comment-text.js';
import { plainLine } from '../../domain/prompt-hidden.js';
import { redactSecrets } from '../../domain/redaction.js';
import type { TaskState } from '../../domain/states.js';

/** The newest verdict of one check about a task's work. */
export interface CheckVerdict {
  readonly name: string;
  readonly outcome: 'passed' | 'failed';
  readonly tree: string;
  readonly ms: number;
}

export interface PullRequestFacts {
  readonly kind: 'task' | 'epic';
  readonly title: string;
  readonly description: string;
  readonly summary: string | null;
  /** Tasks of an epic with their states; empty for a task's own pull request. */
  readonly tasks: readonly { readonly title: string; readonly state: TaskState; readonly prNumber: number | null }[];
  readonly checks: readonly CheckVerdict[];
  /** What the work is part of. */
  readonly epicTitle: string | null;
  /** Null: nobody asked for it in an issue. */
  readonly issue: { readonly name: string; readonly url: string; readonly tracker: string } | null;
  /** Whether its forge has comments that steer. */
  readonly takesComments: boolean;
}

const MAX_TITLE = 200;
const MAX_PART = 10_000;
/** GitHub takes 65,536 characters, and what the gate adds is not counted by its cap. */
const MAX_BODY = 60_000;
const MOST_TASKS = 100;

export const pullRequestTitle = ({ title }: Pick<PullRequestFacts, 'title'>): string =>
  redactSecrets(plainLine(title, MAX_TITLE)) || 'Work of an agent';

/**
 * The marker comes last, after everything that an agent wrote, so that nothing before it can stand for it. What agents
 * and people wrote has passed the output gate.
 */
export function pullRequestBody(facts: PullRequestFacts, marker: string): string {
  const { tasks, checks } = facts;
  const parts = [
    gatedMarkdown(facts.summary ?? '', MAX_PART),
    section('Tasks', tasks.slice(0, MOST_TASKS).map(taskLine), tasks.length - MOST_TASKS),
    section('Checks', checks.map(checkLine), 0),
    facts.description.trim() === '' ? '' : `## Asked for\n\n${gatedMarkdown(facts.description, MAX_PART)}`,
    partOf(facts),
    facts.takesComments ? steering(facts.kind) : '',
  ];
  return `${capped(parts.filter((part) => part !== '').join('\n\n'))}\n\n${hiddenComment(marker)}`;
}

const section = (title: string, lines: readonly string[], more: number): string =>
  lines.length === 0 ? '' : [`## ${title}`, '', ...lines, ...(more > 0 ? [`- … and ${more} more`] : [])].join('\n');

function taskLine({ title, state, prNumber }: PullRequestFacts['tasks'][number]): string {
  const link = prNumber === null ? '' : ` (#${prNumber})`;
  const rest = state === 'COMPLETED' ? '' : `: ${state.toLowerCase().replace('_', ' ')}`;
  return `- [${state === 'COMPLETED' ? 'x' : ' '}] ${foreignLine(title)}${link}${rest}`;
}

const checkLine = ({ name, outcome, tree, ms }: CheckVerdict): string =>
  `- ${outcome === 'passed' ? '✅' : '❌'} ${foreignLine(name, 100)} ${outcome} on tree \`${tree.slice(0, 12)}\` in ${(ms / 1000).toFixed(1)} s`;

function partOf({ epicTitle, issue: asked }: PullRequestFacts): string {
  const issue = asked === null ? '' : referenceTo(asked);
  if (epicTitle === null) return issue === '' ? '' : `Asked for in ${issue}.`;
  return `Part of “${foreignLine(epicTitle)}”${issue === '' ? '' : ` (${issue})`}.`;
}

/** A forge links its own issues by itself. */
const referenceTo = ({ name, url, tracker }: NonNullable<PullRequestFacts['issue']>): string =>
  tracker === 'github' ? name : `[${name}](${url})`;

const steering = (kind: PullRequestFacts['kind']): string =>
  `Steer it by a comment: ${(kind === 'task' ? ['ask <text>', 'pause', 'resume', 'retry', 'cancel'] : ['ask <text>', 'pause', 'resume', 'land', 'cancel']).map((said) => `\`/millwright ${said}\``).join(', ')}. A draft is not landed.`;

/** Cut at a line. A block that the cut leaves open takes nothing but this line, for the marker is not shown. */
function capped(text: string): string {
  if (text.length <= MAX_BODY) return text;
  const cut = text.slice(0, MAX_BODY);
  return `${cut.slice(0, cut.lastIndexOf('\n'))}\n\n… shortened.`;
}

export const taskMarker = (taskId: string): string => `millwright:task=${taskId}`;
export const epicMarker = (epicId: string): string => `millwright:epic=${epicId}`;

const hiddenComment = (marker: string): string => `<!-- ${marker} -->`;
