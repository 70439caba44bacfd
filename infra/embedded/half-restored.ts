import { existsSync } from 'node:fs';
import { Failure } from '../../domain/failures.js';
import type { HomeLayout } from '../config.js';

/** @throws InvalidState in a home whose restore was broken off: a part of its rows must not be worked on */
export const refuseHalfRestored = ({ home, restoreFile }: HomeLayout): void => {
  if (!existsSync(restoreFile)) return;
  throw new Failure('InvalidState', `A restore into ${home} was broken off: run millwright restore again.`);
};
