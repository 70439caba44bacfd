/** What a task says while its agent sleeps over a question. Row and workflow say it alike. */
export const ANSWER_TO_AGENT = 'an answer to its agent';
