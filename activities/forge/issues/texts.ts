/** Everything that an issue or a pull request is told in comments of ours. */
import { Failure } from '../../../domain/failures.js';
import { COMMAND_VERBS } from '../../../domain/forge/commands.js';
import { foreignBlock, foreignLine } from '../../../domain/forge/comment-text.js';
import { fingerprint } from './epic-issue.repository.js';

const code = (text: string): string => `\`${text}\``;

export const nothingHere = (): string =>
  'Nothing of Millwright hangs on this page. Label an issue `millwright`, or say `/millwright plan` in it.';
export const issueIsClosed = (): string => 'The issue is closed: open it again first.';
export const epicBegun = (): string => 'This issue is an epic from now on.';
export const noPlanYet = (): string => 'There is no plan yet that could be approved.';
export const planApproved = (version: number): string => `Version ${version} of the plan is approved.`;
export const landingAsked = (): string => 'It lands through the queue.';
export const isOver = (): string => 'It has ended already.';
export const retried = (what: 'epic' | 'task'): string =>
  what === 'epic' ? 'What failed is tried again.' : 'The task is tried again.';
export const asked = (whom: 'epic' | 'task'): string =>
  `Passed on to ${whom === 'epic' ? 'the supervisor of the epic' : 'the worker of the task'}; what it answers appears here.`;
export const loneTaskIsRetriedElsewhere = (taskId: string): string =>
  `The task belongs to no epic: ${code(`millwright task retry ${taskId}`)} tries it again.`;

const DONE = { pause: 'is paused', resume: 'goes on', cancel: 'is cancelled' } as const;
export const controlled = (what: 'epic' | 'task', verb: string): string =>
  `The ${what} ${DONE[verb as keyof typeof DONE] ?? verb}.`;

/** The workflow's words may hold a title. */
export const refusedBy = (message: string): string => foreignLine(message, 300);

export const unknownCommand = (said: string): string =>
  `${said === '' ? 'A verb is missing' : `${code(foreignLine(said, 40))} is no command, or lacks its text`}. There are: ${COMMAND_VERBS.map(
    (verb) => code(verb === 'ask' ? '/millwright ask <text>' : `/millwright ${verb}`),
  ).join(', ')}.`;

export const textIsVoid = (hash: string): string =>
  `The text of this issue is not the one that was approved. Read it, then say ${code(`/millwright approve ${fingerprint(hash)}`)}.`;
export const textChangedAgain = (hash: string): string =>
  `The text of this issue was changed after that, or may have been. Read it as it is now, then say ${code(`/millwright approve ${fingerprint(hash)}`)}.`;
export const textApproved = (): string =>
  'The text as it reads now is approved, and the epic goes on. What was planned from the earlier text stays as it is.';

export const planShown = ({
  planVersion,
  planTitles,
}: {
  readonly planVersion: number | null;
  readonly planTitles: readonly string[];
}): string =>
  planVersion === null
    ? 'The plan is being made.'
    : [
        `Version ${planVersion} of the plan:`,
        ...planTitles.slice(0, 50).map((title) => `  - ${foreignLine(title)}`),
      ].join('\n');

/** The workflow of an open row begins in a moment. */
export const notOpenYet = (): Failure =>
  new Failure('Unavailable', 'It is about to begin.', { reason: 'NOT_OPEN' }, { retryAfterMs: 1_000 });

export interface AnsweredCommand {
  readonly author: string;
  readonly said: string;
  readonly answer: string | null;
  readonly reply: string | null;
}

/** One line for each command, the latest last. */
export function answersComment(commands: readonly AnsweredCommand[]): string {
  const lines = commands.map(({ author, said, answer, reply }) => {
    const line = `- **${foreignLine(author, 60)}**, ${code(`/millwright ${said}`)}: ${answer ?? ''}`;
    return reply === null ? line : `${line}\n\n${foreignBlock(reply, 3_000).replace(/^/gm, '  ')}\n`;
  });
  return `### Millwright: answers\n\n${lines.join('\n')}`;
}
