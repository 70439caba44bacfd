/** Everything that a pull request of ours says. */

export interface PullRequestFacts {
  readonly title: string;
  readonly description: string;
  readonly summary: string | null;
  /** Tasks of an epic with their states; empty for a task's own pull request. */
  readonly tasks: readonly { readonly title: string; readonly prNumber: number | null }[];
}

const MAX_TITLE = 200;
const MAX_PART = 10_000;

export const pullRequestTitle = ({ title }: Pick<PullRequestFacts, 'title'>): string =>
  title
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_TITLE) || 'Work of an agent';

/** The marker comes last, after everything that an agent wrote, so that nothing before it can stand for it. */
export function pullRequestBody(facts: PullRequestFacts, marker: string): string {
  const tasks = facts.tasks.map(
    ({ title, prNumber }) => `- ${pullRequestTitle({ title })}${prNumber === null ? '' : ` (#${prNumber})`}`,
  );
  const parts = [
    withoutMarkers(facts.summary ?? ''),
    tasks.length === 0 ? '' : `## Tasks\n\n${tasks.join('\n')}`,
    facts.description.trim() === '' ? '' : `## Asked for\n\n${withoutMarkers(facts.description)}`,
  ];
  return [...parts.filter((part) => part !== ''), hiddenComment(marker)].join('\n\n');
}

export const taskMarker = (taskId: string): string => `millwright:task=${taskId}`;
export const epicMarker = (epicId: string): string => `millwright:epic=${epicId}`;

const hiddenComment = (marker: string): string => `<!-- ${marker} -->`;

const withoutMarkers = (text: string): string => text.replaceAll('<!--', '&lt;!--').trim().slice(0, MAX_PART);
