import { isClosed } from './closed-tasks.js';
import { isLive } from './live-runs.js';

/**
 * Of table `mail`: somebody stands still until it is answered. Whoever went on without the answer, or has ended, waits no
 * longer: an ended run, a task that is not blocked any more.
 */
export const IS_WAITING = `(needs_answer AND answered_at IS NULL
  AND NOT EXISTS (SELECT FROM run r WHERE r.id = mail.run_id AND NOT ${isLive('r')})
  AND NOT EXISTS (SELECT FROM task t WHERE t.id = mail.task_id AND (${isClosed('t')}
    OR (mail.run_id IS NULL AND mail.from_kind = 'task' AND t.state <> 'BLOCKED'))))`;
