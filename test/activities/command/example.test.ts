import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCommandAgent } from '../../../activities/agents/command/run-program.js';
import { SandboxHome, serviceUser } from '../../support/sandbox/home.js';

let home: SandboxHome;
beforeAll(async () => {
  home = await SandboxHome.open();
});
afterAll(() => home.remove());

/** The script that docs/command-agents.md shows. */
const exampleScript = async (): Promise<string> => {
  const guide = await readFile(new URL('../../../docs/command-agents.md', import.meta.url), 'utf8');
  return /```sh\n(#!\/bin\/sh\n.*?)```/s.exec(guide)?.[1] ?? '';
};

const runExample = async (context: object, tree: string) => {
  const agents = await home.tree();
  const program = join(agents, 'fix.sh');
  await writeFile(program, await exampleScript());
  await chmod(program, 0o755);
  return runCommandAgent(
    { sandbox: home.sandbox, directory: join(home.directory, 'exchange'), user: serviceUser },
    {
      agent: { argv: [program], readOnly: [agents], network: 'none', model: null },
      tree: { path: tree, isReadOnly: false, isolation: 'bubblewrap', ignoredPaths: [] },
      prompt: '',
      context,
      timeoutMs: 120_000,
    },
    new AbortController().signal,
  );
};

test('the example of the guide applies the patch of its task', async () => {
  const tree = await home.tree({ 'a.txt': 'one\n' });
  const description = '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1,2 @@\n one\n+two\n';
  expect(await runExample({ run: { kind: 'execution' }, task: { description } }, tree)).toMatchObject({
    kind: 'ended',
    result: { status: 'complete', summary: 'Applied the patch of the task.' },
  });
  expect(await readFile(join(tree, 'a.txt'), 'utf8')).toBe('one\ntwo\n');
});

test('the example of the guide gives up on a conflict', async () => {
  expect(await runExample({ run: { kind: 'integration' } }, await home.tree())).toMatchObject({
    kind: 'ended',
    result: { status: 'blocked' },
  });
});
