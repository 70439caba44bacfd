/** What a task says while its agent sleeps over a question. Row and workflow say it alike. */
export const ANSWER_TO_AGENT = 'an answer to its agent';

/** @param untilMs milliseconds since the epoch */
export const forgeLimitWords = (untilMs: number): string =>
  `the forge’s limit, until ${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
