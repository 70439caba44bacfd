/** A question to a task or to an agent that is not answered by then is put to a person. */
export const ANSWER_DUE_MS = 3_600_000;
