import { Failure } from '../../domain/failures.js';
import { requireObjectId } from './operands.js';
import { lineOf, type Repository } from './repository.js';
import type { Identity } from './run.js';

/** Name and address without a date. */
export interface Person {
  readonly name: string;
  readonly email: string;
}

export interface CommitInput {
  readonly tree: string;
  /** In order: the first is the line the branch goes on. */
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Person;
  /** Default: the author. */
  readonly committer?: Person;
  /** Both dates, at +0000. */
  readonly atSeconds: number;
}

/** `commit-tree` is a function of its inputs: equal input gives the equal sha, so a repeat makes nothing new. */
export async function commitTree(repo: Repository, input: CommitInput, signal?: AbortSignal): Promise<string> {
  const author = identityOf(input.author, input.atSeconds);
  const { stdout } = await repo.git.run({
    command: 'commit-tree',
    gitDir: repo.dir,
    options: input.parents.flatMap((parent) => ['-p', requireObjectId(parent)]),
    operands: [requireObjectId(input.tree, 'tree')],
    input: cleanMessage(input.message),
    author,
    committer: input.committer === undefined ? author : identityOf(input.committer, input.atSeconds),
    signal,
  });
  return lineOf(stdout);
}

/** `Name <address>`, as a project's `commitIdentity` is stored. @throws InvalidInput */
export function parsePerson(text: string): Person {
  const match = /^\s*([^<>\n]*[^<>\s])\s*<([^<>\s]+)>\s*$/.exec(text);
  if (!match?.[1] || !match[2]) throw new Failure('InvalidInput', 'a commit identity must look like "Name <address>"');
  return { name: match[1], email: match[2] };
}

/** Git refuses a name of only punctuation and cuts `<`, `>` and line breaks; do it first so that nothing depends on it. */
const identityOf = ({ name, email }: Person, atSeconds: number): Identity => ({
  name: clean(name) || 'Millwright',
  email: clean(email) || 'millwright@localhost',
  atSeconds: claimableSeconds(atSeconds),
});

/** The end of the year 9999. */
const LATEST_SECONDS = 253_402_300_799;

/** A commit may claim any time, also one that git itself does not take again: that one counts as the first or the last. */
export const claimableSeconds = (claimed: number): number =>
  Math.min(Math.max(0, Math.trunc(claimed) || 0), LATEST_SECONDS);

/** Whoever made a commit chose its name: the expression below takes quadratic time. */
const NAME_CHARACTERS = 500;

const clean = (text: string): string =>
  text
    .slice(0, NAME_CHARACTERS)
    .toWellFormed()
    .replace(/[\p{Cc}<>]+/gu, ' ')
    .replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, '');

/** NUL would end the message in silence; a final line break makes it one that git itself would write. */
const cleanMessage = (message: string): string => `${message.replaceAll('\0', '').trimEnd() || 'Work of an agent'}\n`;
