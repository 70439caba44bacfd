import {
  ANSWER_TO_AGENT,
  ANSWER_TO_TASK,
  type AwaitedContext,
  answerToTaskFrom,
  awaitedContextWords,
} from '../../domain/waiting-words.js';
import { AWAITED, IS_AWAITED } from '../projects/awaited.js';

/** What a task's own row may not tell: its workflow is not open yet, or has not heard of the mail. */
export interface WaitingRow {
  readonly waitingFor: string | null;
  /** `human ada`, `epic <id>`: whom it, or its live run, asked and has no answer from. */
  readonly asked: string | null;
  /** Titles of the tasks that it has to wait for. */
  readonly behind: readonly string[];
  /** What its verification waits for longest, at the forge. */
  readonly awaited: AwaitedContext | null;
}

/** A question of its live run is out, or one of its own: looked up only where the row names nothing else. */
export const ASKED = `CASE
  WHEN state = 'BLOCKED' AND waiting_for = '${ANSWER_TO_TASK}' THEN (
    SELECT m.to_kind || ' ' || m.to_id FROM mail m
    WHERE m.task_id = task.id AND m.run_id IS NULL AND m.needs_answer AND m.answered_at IS NULL
      AND m.from_kind = 'task' ORDER BY m.id DESC LIMIT 1)
  WHEN state = 'IN_PROGRESS' AND coalesce(waiting_for, '${ANSWER_TO_AGENT}') = '${ANSWER_TO_AGENT}' THEN (
    SELECT m.to_kind || ' ' || m.to_id FROM run r JOIN mail m ON m.run_id = r.id
    WHERE r.task_id = task.id AND r.state IN ('running', 'waiting') AND m.needs_answer AND m.answered_at IS NULL
      AND m.from_kind = 'task' ORDER BY m.id DESC LIMIT 1) END`;

/** As `judgeDependency` of the domain says what is open. */
export const BEHIND = `CASE WHEN state = 'PENDING' AND waiting_for IS NULL THEN ARRAY(
    SELECT b.title FROM dependency d JOIN task b ON b.id = d.depends_on_task_id
    WHERE d.task_id = task.id AND (b.state IN ('PENDING', 'ASSIGNED', 'BLOCKED')
      OR (d.type = 'finish_to_start' AND b.state IN ('IN_PROGRESS', 'REVIEW')))
    ORDER BY b.position, b.id) ELSE '{}' END`;

/** Its verification's builds bear its id. */
export const AWAITS = `CASE WHEN state = 'IN_PROGRESS' AND waiting_for IS NULL THEN (
    SELECT ${AWAITED} FROM forge_check c
    WHERE c.project_id = task.project_id AND c.build_id LIKE 'task/' || task.id || '/%' AND ${IS_AWAITED}
    ORDER BY c.asked_at LIMIT 1) END`;

const SHOWN = 3;

/** For what and for whom a task waits, in plain words. */
export function waitingWords({ waitingFor, asked, behind, awaited }: WaitingRow): string | null {
  if (asked !== null && waitingFor === ANSWER_TO_TASK) return answerToTaskFrom(whom(asked));
  if (asked !== null) return `${ANSWER_TO_AGENT} from ${whom(asked)}`;
  if (waitingFor === null && awaited) return awaitedContextWords(awaited);
  if (waitingFor !== null || behind.length === 0) return waitingFor;
  const titles = behind.slice(0, SHOWN).map((title) => `“${title}”`);
  const more = behind.length - titles.length;
  return [...titles, ...(more > 0 ? [`${more} more`] : [])].join(' and ');
}

const whom = (asked: string): string => {
  const [kind, ...id] = asked.split(' ');
  if (kind === 'epic') return 'its supervisor';
  return kind === 'human' ? id.join(' ') : asked;
};
