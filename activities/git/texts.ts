/** Everything that a commit of ours says. */

const MAX_TITLE = 72;

export interface RoundText {
  readonly title: string;
  readonly summary: string;
  readonly round: number;
  readonly isMerge: boolean;
}

/** Message of a round's commit, without its trailer. */
export function roundMessage({ title, summary, round, isMerge }: RoundText): string {
  const plain = oneLine(title);
  const subject = isMerge ? `Merge the target branch: ${plain}` : round > 1 ? `${plain} (round ${round})` : plain;
  const cut = subject.length > MAX_TITLE ? `${subject.slice(0, MAX_TITLE - 1).trimEnd()}…` : subject;
  const body = summary.trim();
  return body === '' ? cut : `${cut}\n\n${body}`;
}

/** Last line of every commit of a task: the branch's own work is known by it. */
export const taskTrailer = (taskId: string): string => `Millwright-Task: ${taskId}`;

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim() || 'Work of an agent';
