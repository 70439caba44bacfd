// A forge that takes nothing of ours, whatever we ask, until people mend it there.

/** Reason of a failure → what whoever needs the forge waits for. */
export const SHUT = {
  ARCHIVED: 'the repository at the forge, which is archived',
  SUSPENDED: 'Millwright’s App at the forge, which is suspended',
  NOT_INSTALLED: 'Millwright’s App to be installed on the repository at the forge',
  BASE_GONE: 'the base branch, which is gone at the forge',
} as const;

export type ShutReason = keyof typeof SHUT;

export const isShut = (reason: unknown): reason is ShutReason =>
  typeof reason === 'string' && Object.hasOwn(SHUT, reason);

/** Between looks whether it is mended: soon enough for people who wait, and no burden for the forge. */
export const LOOK_AGAIN_MS = 2 * 60_000;
