/** Attempts of a task that the machinery makes by itself; a person's retry always gets one more. */
export const MAX_ATTEMPTS = 5;
/** Trees or hosts lost one after the other. Losing them is nobody's fault, but going on for ever helps nobody either. */
export const MAX_LOSSES = 5;

/** After an attempt that the agent itself ended badly: another one, or the end of the task. */
export const afterBadAttempt = (
  attempts: number,
): { readonly kind: 'again'; readonly attempts: number } | { readonly kind: 'fail' } =>
  attempts < MAX_ATTEMPTS ? { kind: 'again', attempts: attempts + 1 } : { kind: 'fail' };

/** Answers to a blocked task that led to no new green head; the next question goes to a person. */
export const MAX_ANSWERS_IN_VAIN = 2;
