import { join } from 'node:path';
import { ensureBareRepository, fetchRefs } from '../../../infra/git/mirror.js';
import type { GitRemote, Repository } from '../../../infra/git/repository.js';
import { type SourceRepository, sourceRepository, temporaryHome, testGit } from './repositories.js';

/** A source, a bare mirror that can hold everything of it, and a bare forge. */
export interface GitWorld {
  readonly home: string;
  readonly source: SourceRepository;
  readonly mirror: Repository;
  readonly forge: Repository;
  readonly remote: GitRemote;
  /** Copies the commits into the mirror. */
  take(...shas: readonly string[]): Promise<void>;
  remove(): void;
}

export async function gitWorld(): Promise<GitWorld> {
  const home = temporaryHome();
  const git = testGit();
  const source = sourceRepository(join(home.path, 'source'));
  source.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  const mirror = await ensureBareRepository(git, join(home.path, 'mirrors', 'project.git'));
  const forge = await ensureBareRepository(git, join(home.path, 'forge', 'project.git'));
  return {
    home: home.path,
    source,
    mirror,
    forge,
    remote: { url: forge.dir, transport: 'file' },
    take: async (...shas) => {
      const refspecs = shas.map((sha) => `+${sha}:refs/millwright/test/${sha}`);
      await fetchRefs(mirror, { remote: { url: join(source.dir, '.git'), transport: 'file' }, refspecs });
    },
    remove: home.remove,
  };
}
