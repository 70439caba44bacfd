import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCommandTool, type ToolAnswer } from '../../../activities/agents/tools/run-command.js';
import { runOutOfTime, SandboxHome } from '../../support/sandbox/home.js';

let home: SandboxHome;
beforeAll(async () => {
  home = await SandboxHome.open();
});
afterAll(() => home.remove());

const run = async (command: string, timeoutSeconds = 120): Promise<string> => {
  const tree = {
    path: await home.tree({ 'a.txt': 'here' }),
    isReadOnly: false,
    isolation: 'bubblewrap',
    ignoredPaths: [],
  } as const;
  const answer: ToolAnswer = await runCommandTool(home, { command, timeoutSeconds }, tree);
  return answer.ok ? answer.text.replace(/after [\d.]+ s/, 'after T') : `${answer.code}: ${answer.message}`;
};

test('a command answers its output, both streams in order, and its exit code', async () => {
  expect(await run('cat a.txt; echo; echo err >&2; echo out; exit 3')).toBe(
    '$ cat a.txt; echo; echo err >&2; echo out; exit 3\nhere\nerr\nout\n[exit 3 after T]\n',
  );
});

test('terminal escapes are taken out of the output and of the command itself', async () => {
  expect(await run("printf 'a\\033[31mb'; : '\u001b[2J'")).toBe(`$ printf 'a\\033[31mb'; : ''\nab\n[exit 0 after T]\n`);
});

test('long output keeps its head and its tail', async () => {
  const text = await run('seq 1 100000');
  expect(text.length).toBeLessThan(40_000);
  expect(text).toMatch(/^\$ seq 1 100000\n1\n2\n.*bytes left out.*\n100000\n\[exit 0/s);
});

test('a command that hangs answers that it was ended', async () => {
  const text = await runOutOfTime(
    (wallMs) => run('echo started; sleep 600', wallMs / 1000),
    (answer) => answer.includes('\nstarted\n'),
  );
  expect(text).toMatch(/\nstarted\n\[The command ran longer than \d+ s and was ended\. after T\]/);
});
