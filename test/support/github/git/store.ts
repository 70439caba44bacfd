import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UPDATE_HOOK } from './hook.js';
import { git } from './run.js';
import { writeCommit } from './write.js';

export interface NewBareRepository {
  readonly directory: string;
  readonly defaultBranch: string;
  /** The first commit's files, path to content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Or all branches and tags of a bundle, or of another repository on this machine. */
  readonly bundle?: string;
}

/** What a push may do over http; `refs/pull/` is the server's own. */
const CONFIGURATION = `
[http]
	receivepack = true
[receive]
	hideRefs = refs/pull
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[gc]
	auto = 0
`;

/** Makes a bare repository that takes pushes over http. */
export async function createBareRepository(options: NewBareRepository): Promise<void> {
  const { directory, defaultBranch, files, bundle } = options;
  mkdirSync(directory, { recursive: true });
  await git(directory, ['init', '-q', '--bare', '-b', defaultBranch, '.']);
  appendFileSync(join(directory, 'config'), CONFIGURATION);
  const hook = join(directory, 'hooks', 'update');
  mkdirSync(join(directory, 'hooks'), { recursive: true });
  writeFileSync(hook, UPDATE_HOOK);
  chmodSync(hook, 0o755);
  if (bundle !== undefined) {
    await git(directory, ['fetch', '-q', bundle, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  } else if (files !== undefined) {
    await writeCommit(directory, { branch: defaultBranch, files, message: 'First commit' });
  }
}
