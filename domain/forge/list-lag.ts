import { Failure, type FailureType } from '../failures.js';

const LIST_LAG_MS = 20_000;

/**
 * A forge's lists show what was just made a moment late: whether something whose answer was lost is there is known only
 * after that. @param lostMsAgo when the answer was lost; null: none was
 */
export const mayComeLate = (lostMsAgo: number | null): boolean => lostMsAgo !== null && lostMsAgo < LIST_LAG_MS;

/** Nobody refused it. */
const UNANSWERED: readonly FailureType[] = ['Unavailable', 'MalformedReply', 'DeadlineExceeded', 'Internal'];

/** Whether what failed may have been done all the same. */
export const mayHaveHappened = (error: unknown): boolean =>
  !(error instanceof Failure) || UNANSWERED.includes(error.type);
