import { readFileSync } from 'node:fs';
import { WorkflowNotFoundError } from '@temporalio/client';
import { type Config, environmentFor, githubCredentials, githubWebhookSecrets } from '../config.js';
import { embeddedDatabaseUrl } from '../embedded/postgres-server.js';
import { readStackFacts } from '../embedded/stack-file.js';
import { ProjectRepositories } from '../git/mirrors.js';
import { createGit } from '../git/run.js';
import { TreeStore } from '../git/tree-store.js';
import { createPools } from '../pg/pools.js';
import { connectTemporal, type TemporalClient } from '../temporal.js';
import type { Truths, WorkflowFacts, WorkflowIds } from './truths.js';

export interface OpenTruths {
  readonly truths: Truths;
  close(): Promise<void>;
}

/** A sweep comes every five minutes; what is older should have been seen by one. */
const GRACE_MS = 10 * 60_000;

/** What workflows are called and show of themselves: their own contract says. */
export interface WorkflowWords {
  readonly ids: WorkflowIds;
  /** Search attribute that holds their state. */
  readonly stateAttribute: string;
}

/**
 * The truths of an instance that runs, for whoever wants to compare them.
 * @returns undefined when nothing runs in this home
 * @throws Unavailable when Temporal does not answer
 */
export async function openHome(
  config: Config,
  words: WorkflowWords,
  more: Partial<Pick<Truths, 'bill' | 'acknowledged' | 'graceMs'>> = {},
): Promise<OpenTruths | undefined> {
  const { layout, temporal } = config;
  const facts = readStackFacts(layout);
  if (facts === undefined) return undefined;
  const address = { address: facts.temporalAddress, namespace: facts.temporalNamespace };
  const engine = await connectTemporal({ ...temporal, ...address });
  const pools = createPools({ databaseUrl: databaseUrlOf(config), applicationName: 'millwright-doctor' });
  const git = createGit({ environment: environmentFor('tool') });
  return {
    truths: {
      db: pools.writes,
      layout,
      forge: new ProjectRepositories(git, layout.forge),
      mirrors: new ProjectRepositories(git, layout.mirrors),
      trees: new TreeStore(layout.trees),
      engine: { ids: words.ids, describe: (workflowId) => describe(engine, workflowId, words.stateAttribute) },
      secrets: secretsOf(config),
      graceMs: GRACE_MS,
      ...more,
    },
    close: async () => {
      await pools.close();
      await engine.close();
    },
  };
}

async function describe({ client }: TemporalClient, workflowId: string, attribute: string): Promise<WorkflowFacts> {
  try {
    const { status, searchAttributes } = await client.workflow.getHandle(workflowId).describe();
    const [shows] = searchAttributes[attribute] ?? [];
    const state = status.name === 'RUNNING' ? 'open' : 'closed';
    return typeof shows === 'string' ? { state, shows } : { state };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'absent' };
    throw error;
  }
}

function secretsOf({ layout }: Config): readonly string[] {
  const files = [layout.adminKeyFile, layout.databasePasswordFile].flatMap((path) => {
    try {
      return [readFileSync(path, 'utf8').trim()];
    } catch {
      return []; // an external database has no password of ours
    }
  });
  return [...files, ...githubWebhookSecrets(), ...openingGithub()];
}

/** A log holds a key line by line, or with its line ends written out: one line of it is enough to know it by. */
function openingGithub(): readonly string[] {
  const found = githubCredentials();
  if (found === undefined) return [];
  return found.kind === 'token' ? [found.token] : found.privateKey.split('\n').slice(1, 2);
}

const databaseUrlOf = ({ databaseUrl, layout }: Config): string => {
  if (databaseUrl !== undefined) return databaseUrl;
  const { postgres } = JSON.parse(readFileSync(layout.portsFile, 'utf8')) as { readonly postgres: number };
  return embeddedDatabaseUrl({ port: postgres, password: readFileSync(layout.databasePasswordFile, 'utf8').trim() });
};
