import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { Failure } from '../../../domain/failures.js';
import type { OpenPullRequest } from '../../../infra/forge/port.js';
import { fetchBranch } from '../../../infra/git/mirror.js';
import { pushImport, pushLanding, pushOwnRef } from '../../../infra/git/push.js';
import { branchRef } from '../../../infra/git/refs.js';
import { readRemoteRefs } from '../../../infra/git/remote-refs.js';
import { type GitWorld, gitWorld } from '../../support/git/mirrors.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertTask } from '../../support/rows.js';
import type { ForgeSite, OpenSite } from './site.js';

/** What the sentences of the contract are about: a site, and git as the product uses it there. */
export interface ContractWorld extends ForgeSite {
  /** Tip of `main`. */
  readonly base: string;
  /** Of a task whose branch is pushed. */
  readonly input: OpenPullRequest;
  /** A task's branch with one commit on `on` (default: `base`), pushed. */
  newBranch(name: string, on?: string): Promise<OpenPullRequest>;
  /** Moves a branch of ours; undefined deletes it. */
  move(branch: string, to: string | undefined): Promise<void>;
  commitOn(at: string, name: string): Promise<string>;
  /** Fast-forwards `main` to the head of a pull request. */
  land(pr: { readonly headRef: string; readonly headSha: string }): Promise<void>;
  /** Repeats what is not to be had yet, as the engine does. */
  patiently<T>(work: () => Promise<T>): Promise<T>;
}

/** Call at the top of a test file: answers the world of the test that runs. */
export function useWorld(openSite: OpenSite): () => ContractWorld {
  let database: TestDatabase;
  let git: GitWorld;
  let world: ContractWorld;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    git = await gitWorld();
    world = await contractWorld(await openSite(database), git, database);
  });
  afterEach(async () => {
    git.remove();
    await world.close();
  });
  return () => world;
}

async function contractWorld(site: ForgeSite, git: GitWorld, database: TestDatabase): Promise<ContractWorld> {
  const { source, mirror } = git;
  const remote = await site.forge.remote(site.projectId);
  const tipOf = async (branch: string): Promise<string | undefined> =>
    (await readRemoteRefs(mirror, remote, [branchRef(branch)])).get(branchRef(branch));
  const base = (await tipOf('main')) ?? source.commit('first', { 'a.txt': 'one\n' });
  if ((await tipOf('main')) === undefined) {
    await git.take(base);
    await pushImport(mirror, remote, { branch: 'main', base: undefined, commit: base });
  } else {
    await fetchBranch(mirror, remote, 'main');
    source.git('fetch', '-q', mirror.dir, 'refs/millwright/forge/main');
    source.git('reset', '-q', '--hard', base);
  }

  const commitOn = async (at: string, name: string): Promise<string> => {
    const sha = source.commitOn(at, name, { [`${name.replaceAll('/', '-')}.txt`]: `${name}\n` });
    await git.take(sha);
    return sha;
  };
  const move = async (branch: string, to: string | undefined): Promise<void> =>
    await pushOwnRef(mirror, remote, { ref: branchRef(branch), to, expected: await tipOf(branch) });
  const newBranch = async (name: string, on = base): Promise<OpenPullRequest> => {
    const taskId = await insertTask(database.pools.writes, site.projectId);
    const marker = `millwright:task=${taskId}`;
    const headRef = `millwright/${name}-${uuidv7().slice(-12)}`;
    const headSha = await commitOn(on, name);
    await move(headRef, headSha);
    const text = { title: name, body: `What was done\n\n<!-- ${marker} -->`, author: 'Millwright' };
    return { projectId: site.projectId, taskId, headRef, headSha, baseRef: 'main', baseSha: on, marker, ...text };
  };
  return {
    ...site,
    base,
    input: await newBranch('a-task'),
    newBranch,
    move,
    commitOn,
    land: async ({ headRef, headSha }) => {
      const at = (await tipOf('main')) ?? base;
      const landing = { branch: 'main', base: at, commit: headSha, head: { branch: headRef, sha: headSha } };
      const outcome = await pushLanding(mirror, remote, landing);
      if (outcome.kind !== 'pushed') throw new Error(`It did not land: ${outcome.kind}`);
    },
    patiently: async (work) => {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof Failure) || error.type !== 'Unavailable') throw error;
          await site.wait();
        }
      }
    },
  };
}
