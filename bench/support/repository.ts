import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ensureBareRepository } from '../../infra/git/mirror.js';
import { readRef } from '../../infra/git/objects.js';
import type { Repository } from '../../infra/git/repository.js';
import type { Git } from '../../infra/git/run.js';
import { seeded } from '../../test/support/merge/random.js';

export interface LargeRepositoryInput {
  readonly git: Git;
  readonly directory: string;
  readonly files: number;
  readonly seed: number;
}

/** Commits of one repository of many small text files. */
export interface LargeRepository {
  readonly repository: Repository;
  readonly base: string;
  /** Changes 20 files of `base`, spread over the directories. */
  readonly next: string;
  /** Changes 20 other files of `base`. */
  readonly side: string;
}

const LINES = 12;
const CHANGED = 20;

/** Written through `fast-import`: an ordinary clone of it would hold the same pack. */
export const makeLargeRepository = async (input: LargeRepositoryInput): Promise<LargeRepository> => {
  const { git, directory, files, seed } = input;
  const repository = await ensureBareRepository(git, join(directory, 'bench.git'));
  const random = seeded(seed);
  const text = (): string =>
    Array.from({ length: LINES }, (_, at) => `line ${at} ${Math.floor(random() * 2 ** 32).toString(16)}\n`).join('');
  const all = Array.from({ length: files }, (_, at) => `${commitPath(at)}${data(text())}`).join('');
  const change = (offset: number): string =>
    Array.from({ length: CHANGED }, (_, at) => Math.floor((at * files) / CHANGED) + offset)
      .map((at) => `${commitPath(at)}${data(text())}`)
      .join('');
  const child = spawn('git', ['-C', repository.dir, 'fast-import', '--quiet'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(
    [
      commit('base', `mark :1\n`, '', all),
      commit('next', '', 'from :1\n', change(1)),
      commit('side', '', 'from :1\n', change(2)),
      'done\n',
    ].join(''),
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  const [base, next, side] = [
    await tip(repository, 'base'),
    await tip(repository, 'next'),
    await tip(repository, 'side'),
  ];
  return { repository, base, next, side };
};

const tip = async (repository: Repository, name: string): Promise<string> => {
  const sha = await readRef(repository, `refs/heads/${name}`);
  if (sha === undefined) throw new Error(`the branch ${name} was not made`);
  return sha;
};

const commitPath = (at: number): string => `M 100644 inline part${Math.floor(at / 100)}/kind${at % 7}/file${at}.txt\n`;

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

const commit = (branch: string, mark: string, from: string, changes: string): string =>
  `commit refs/heads/${branch}\n${mark}committer Ada <ada@example.org> 1700000000 +0000\n${data(branch)}${from}${changes}\n`;
