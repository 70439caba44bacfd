import { v5 as uuidv5 } from 'uuid';

const NAMESPACE = 'a4f6b9d2-6b0e-5a57-9c8e-0c1f7f6f2a11';

/** Of whatever a comment causes: the same comment causes it once. */
export const commandId = (projectId: string, commentId: string): string =>
  uuidv5(`${projectId} ${commentId}`, NAMESPACE);
