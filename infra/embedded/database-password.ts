import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.js';
import { createFile } from '../atomic-file.js';
import type { HomeLayout } from '../config.js';
import { errorCode } from '../errors.js';

/** The cluster keeps a proof of the password that it was made with: no other opens it, and none can be read from it. */
export const PUT_PASSWORD_BACK = 'Put back the one it was made with, or restore a backup into an empty home.';

export const clusterDirectory = ({ postgres }: HomeLayout): string => join(postgres, 'data');

export const hasCluster = (layout: HomeLayout): boolean => existsSync(join(clusterDirectory(layout), 'PG_VERSION'));

/** Chosen before the cluster is made, and never for one that is there: it would open nothing. */
export const choosePassword = (layout: HomeLayout): void => {
  if (!hasCluster(layout)) createFile(layout.databasePasswordFile, randomBytes(24).toString('base64url'));
};

/** @throws InvalidState when there is none */
export const readPassword = ({ databasePasswordFile: file }: HomeLayout): string => {
  const password = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (password === '') throw new Failure('InvalidState', `${file} holds no password. ${PUT_PASSWORD_BACK}`);
  return password;
};

/** Somebody overwrote the file: the server is there, and waiting mends nothing. By SQLSTATE. */
export const isPasswordRefused = (error: unknown): boolean => /^28/.test(String(errorCode(error)));

export const refusedPasswordWords = ({ databasePasswordFile }: HomeLayout): string =>
  `PostgreSQL refuses the password in ${databasePasswordFile}.`;

/** @throws PermissionDenied that names the file, when the embedded server refuses what it holds */
export const namingPassword = (layout: HomeLayout, ask: () => Promise<void>): Promise<void> =>
  ask().catch((cause: unknown) => {
    if (!isPasswordRefused(cause)) throw cause;
    throw new Failure('PermissionDenied', `${refusedPasswordWords(layout)} ${PUT_PASSWORD_BACK}`, {}, { cause });
  });
