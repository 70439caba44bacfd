/**
 * `<runStartMs>.<seq>.<attempt>`, fixed width so that it sorts as text. The workflow issues start and seq; the
 * activity appends its attempt. Checked right before each write: an older one is `Superseded`.
 */
export type TreeFence = string;

/** @param startedAtMs start time of the workflow run; @param seq rises by one per scheduled activity */
export const makeFence = (startedAtMs: number, seq: number): TreeFence =>
  `${String(startedAtMs).padStart(15, '0')}.${String(seq).padStart(8, '0')}`;

export const withAttempt = (fence: TreeFence, attempt: number): string =>
  `${fence}.${String(attempt).padStart(4, '0')}`;
