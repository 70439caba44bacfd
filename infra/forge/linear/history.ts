import type { LabelSet, TrackedPerson } from '../issues.js';
import type { Asking, LinearClient } from './client.js';
import { HISTORY } from './documents.js';
import type { HistoryNode } from './nodes.js';
import { actorOf } from './people.js';

/** An issue with a longer history than this has had its label set long ago. */
const MOST_PAGES = 5;
/** Kinds of states in which Linear has no more work for an issue. */
const CLOSED = ['completed', 'canceled', 'duplicate'];

export const isClosedState = (type: string): boolean => CLOSED.includes(type);

interface History {
  readonly updatedAt: string;
  /** The latest first. */
  readonly entries: readonly HistoryNode[];
}

/** As far back as `until` is found. */
async function readHistory(
  client: LinearClient,
  id: string,
  until: (entry: HistoryNode) => boolean,
  asking: Asking,
): Promise<History> {
  const entries: HistoryNode[] = [];
  let after: string | null = null;
  for (let page = 1; ; page++) {
    const { issue }: Awaited<ReturnType<typeof askHistory>> = await askHistory(client, id, after, asking);
    const { nodes, pageInfo } = issue.history;
    entries.push(...nodes);
    after = pageInfo.endCursor;
    if (page === MOST_PAGES || !pageInfo.hasNextPage || nodes.some(until))
      return { updatedAt: issue.updatedAt, entries };
  }
}

const askHistory = (client: LinearClient, id: string, after: string | null, asking: Asking) =>
  client.ask(HISTORY, { id, after }, asking);

/**
 * Who set the label last. An issue changes when the label is set, so that its own time says nothing of its text: where
 * the history shows no other text since, the text of now is the one that was labelled.
 */
export async function whoLabelled(
  client: LinearClient,
  id: string,
  label: string,
  asking: Asking,
): Promise<LabelSet | undefined> {
  const isLabelling = ({ addedLabels }: HistoryNode): boolean =>
    (addedLabels ?? []).some(({ name }) => name.toLowerCase() === label.toLowerCase());
  const { updatedAt, entries } = await readHistory(client, id, isLabelling, asking);
  const last = entries.find(isLabelling);
  if (last === undefined) return undefined;
  const labelledAt = Date.parse(last.createdAt);
  const isEdited = entries.some(
    (entry) => (entry.updatedDescription || entry.toTitle !== null) && Date.parse(entry.updatedAt) >= labelledAt,
  );
  return { by: actorOf(last), at: isEdited ? last.createdAt : updatedAt };
}

export async function whoClosed(client: LinearClient, id: string, asking: Asking): Promise<TrackedPerson | undefined> {
  const isClosing = ({ toState, trashed }: HistoryNode): boolean =>
    trashed === true || (toState !== null && isClosedState(toState.type));
  const last = (await readHistory(client, id, isClosing, asking)).entries.find(isClosing);
  return last && actorOf(last);
}
