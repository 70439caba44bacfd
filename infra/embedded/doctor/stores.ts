import { join } from 'node:path';
import { NamespaceNotFoundError } from '@temporalio/common';
import { Failure } from '../../../domain/failures.js';
import type { Config } from '../../config.js';
import { errorReason } from '../../errors.js';
import { connectTemporal, probeTemporal } from '../../temporal.js';
import {
  hasCluster,
  isPasswordRefused,
  PUT_PASSWORD_BACK,
  readPassword,
  refusedPasswordWords,
} from '../database-password.js';
import { runningDatabaseUrl } from '../database-url.js';
import { isExecutable } from '../launch.js';
import { preparePostgresBinaries } from '../postgres-binaries.js';
import { probePostgres } from '../postgres-server.js';
import { readStackFacts } from '../stack-file.js';
import { cachedTemporalCli, whyNotTemporalCli } from '../temporal-cli.js';
import { type Check, failed, passed } from './check.js';

/** Says where Temporal would come from, without fetching it. */
export const checkTemporal = async (config: Config): Promise<Check> => {
  const { temporal, temporalCli, searchPath, cacheDirectory } = config;
  if (temporal.address !== undefined) return checkTemporalServer({ ...temporal, address: temporal.address });
  const cached = cachedTemporalCli(cacheDirectory);
  const onPath = searchPath.map((directory) => join(directory, 'temporal')).find(isExecutable);
  for (const path of temporalCli === undefined ? [onPath, cached] : [temporalCli]) {
    if (path === undefined || (path === cached && !isExecutable(path))) continue;
    const fault = await whyNotTemporalCli(path);
    if (fault === undefined) return passed('temporal', `the CLI ${path}`);
    if (path === temporalCli) {
      return failed('temporal', `MILLWRIGHT_TEMPORAL_CLI names ${path}, which ${fault}`, 'Correct or unset it.');
    }
  }
  const canBuild = searchPath.some((directory) => isExecutable(join(directory, 'go')));
  const build = canBuild ? ', or else built with Go (about 4 minutes)' : '; Go, which could build it, is not installed';
  return passed('temporal', `will be downloaded at the first start${build}`);
};

const checkTemporalServer = async (endpoint: Parameters<typeof connectTemporal>[0]): Promise<Check> => {
  try {
    const client = await connectTemporal(endpoint);
    await probeTemporal(client).finally(() => client.close());
    return passed('temporal', `the server at ${endpoint.address} answers`);
  } catch (error) {
    if (error instanceof Failure && error.cause instanceof NamespaceNotFoundError) {
      return passed(
        'temporal',
        `the server at ${endpoint.address} answers; namespace ${endpoint.namespace} is made at the start`,
      );
    }
    return failed('temporal', errorReason(error), 'Correct TEMPORAL_ADDRESS and the TEMPORAL_TLS variables.');
  }
};

export const checkPostgres = async (config: Config): Promise<Check> => {
  const { databaseUrl, cacheDirectory, users, layout } = config;
  try {
    if (databaseUrl !== undefined) {
      await probePostgres(databaseUrl);
      return passed('postgres', 'the server of DATABASE_URL answers');
    }
    if (readStackFacts(layout) !== undefined) {
      await probePostgres(runningDatabaseUrl(config));
      return passed('postgres', 'the embedded server answers');
    }
    await preparePostgresBinaries({ cacheDirectory, runAs: users?.databaseUid });
    const user = users === undefined ? 'this user' : `user ${users.databaseUid}`;
    if (!hasCluster(layout)) return passed('postgres', `embedded, run as ${user}`);
    readPassword(layout);
    return passed('postgres', `embedded, run as ${user}; whether its password fits is seen at the start`);
  } catch (error) {
    if (databaseUrl === undefined && isPasswordRefused(error))
      return failed('postgres', refusedPasswordWords(layout), PUT_PASSWORD_BACK);
    const remedy =
      databaseUrl === undefined
        ? `Millwright must be able to run it; its password is in ${layout.databasePasswordFile}.`
        : 'Correct DATABASE_URL, or unset it to use the embedded server.';
    return failed('postgres', errorReason(error), remedy);
  }
};
