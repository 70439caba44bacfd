// What a webhook of Linear hints at. Pure.
import type { HintSubject } from './hint.js';

/** Of every other kind of thing nobody has to look at anything. */
export const LINEAR_EVENTS = ['Issue', 'Comment'] as const;
export type LinearEvent = (typeof LINEAR_EVENTS)[number];

/** The few facts of a delivery that are kept: where to look, never what is there. */
export interface LinearHint {
  readonly event: LinearEvent;
  readonly action?: string;
  readonly teamId?: string;
  /** Until the team's id is known. */
  readonly teamKey?: string;
  readonly issueId: string;
  readonly subject: HintSubject;
}

type Fields = Readonly<Record<string, unknown>>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ACTION = /^[a-z]{1,64}$/i;
const TEAM_KEY = /^[A-Za-z0-9]{1,32}$/;

/** Undefined for what is ignored, such as a comment below a project, or lacks what its kind tells; never throws. */
export function linearHintOf(payload: object): LinearHint | undefined {
  const { type, action, data } = payload as Fields; // each is checked where it is read
  const fields = fieldsOf(data);
  const id = textOf(fields.id, UUID);
  if (id === undefined) return undefined;
  const done = textOf(action, ACTION);
  const said = done === undefined ? {} : { action: done };
  if (type === 'Issue') {
    const subject = { kind: 'tracked_issue', tracker: 'linear', key: id } as const;
    return { event: 'Issue', ...said, ...teamOf(fields), issueId: id, subject };
  }
  if (type !== 'Comment') return undefined;
  const issue = fieldsOf(fields.issue);
  const issueId = textOf(fields.issueId ?? issue.id, UUID);
  if (issueId === undefined) return undefined;
  const subject = { kind: 'tracked_comment', tracker: 'linear', id } as const;
  return { event: 'Comment', ...said, ...teamOf(issue), issueId, subject };
}

function teamOf({ teamId, team }: Fields): Pick<LinearHint, 'teamId' | 'teamKey'> {
  const { id, key } = fieldsOf(team);
  const known = textOf(teamId ?? id, UUID);
  const named = textOf(key, TEAM_KEY);
  return { ...(known === undefined ? {} : { teamId: known }), ...(named === undefined ? {} : { teamKey: named }) };
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {}); // each is checked where it is read

/** Ids are compared as the database writes them. */
const textOf = (value: unknown, rule: RegExp): string | undefined =>
  typeof value === 'string' && rule.test(value) ? (rule === UUID ? value.toLowerCase() : value) : undefined;
