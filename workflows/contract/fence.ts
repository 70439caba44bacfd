/**
 * `<issuedAtMs>.<seq>.<attempt>`, fixed width so that it sorts as text. The workflow issues time and seq; the
 * activity appends its attempt. Checked right before each write: an older one is `Superseded`.
 */
export type TreeFence = string;

/** @param issuedAtMs workflow time; @param seq rises by one per scheduled activity */
export const makeFence = (issuedAtMs: number, seq: number): TreeFence =>
  `${String(issuedAtMs).padStart(15, '0')}.${String(seq).padStart(8, '0')}`;

export const withAttempt = (fence: TreeFence, attempt: number): string =>
  `${fence}.${String(attempt).padStart(4, '0')}`;
