import { uuid4 } from '@temporalio/workflow';
import { uuidV7 } from '../../domain/uuid.js';

/** A new id from workflow time and workflow randomness: the same in every replay. */
export const newId = (): string => uuidV7(Date.now(), uuid4());
