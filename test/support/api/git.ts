import { createGit } from '../../../infra/git/run.js';

export const git = createGit();

const WHO = { name: 'Test', email: 'test@localhost', atSeconds: 1_700_000_000 };

const line = (output: Buffer): string => output.toString('utf8').trim();

/** A commit of these files (at the root) with these parents, in a bare repository. Answers its id. */
export const commitTree = async (
  gitDir: string,
  files: Readonly<Record<string, string>>,
  parents: readonly string[],
): Promise<string> => {
  const entries: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const blob = await git.run({ command: 'hash-object', gitDir, options: ['-w', '--stdin'], input: text });
    entries.push(`100644 blob ${line(blob.stdout)}\t${name}`);
  }
  const tree = await git.run({ command: 'mktree', gitDir, input: `${entries.join('\n')}\n` });
  const commit = await git.run({
    command: 'commit-tree',
    gitDir,
    options: parents.flatMap((parent) => ['-p', parent]),
    operands: [line(tree.stdout)],
    input: 'a commit\n',
    author: WHO,
    committer: WHO,
  });
  return line(commit.stdout);
};
