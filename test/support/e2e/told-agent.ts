import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A `command` agent that does what the lines of a task's description say: `write <file> <text>`, `append <file> <text>`,
 * `sleep <seconds>`, `linger <seconds>` (sleeps in the first run only), `need <file>` (fails without it), `ask` (a
 * question to a person; the answer goes to the file `answer`). In a conflict it keeps the lines of both sides, sorted.
 */
const AGENT = `import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const { run, task, conflict, mail } = JSON.parse(readFileSync(process.env.MILLWRIGHT_CONTEXT, 'utf8'));
const end = (result) => {
  writeFileSync(process.env.MILLWRIGHT_RESULT, JSON.stringify(result));
  process.exit(0);
};
if (run.kind === 'integration') {
  for (const { path } of conflict.files) {
    const lines = readFileSync(path, 'utf8').split('\\n').filter((line) => !/^(<<<<<<<|=======|>>>>>>>|\\|\\|\\|\\|\\|\\|\\|)/.test(line));
    writeFileSync(path, [...new Set(lines.filter(Boolean))].sort().join('\\n') + '\\n');
  }
  end({ status: 'complete', summary: 'took in both sides' });
}
for (const line of task.description.split('\\n')) {
  const [verb, file, ...words] = line.split(' ');
  if (verb === 'write') writeFileSync(file, words.join(' ') + '\\n');
  if (verb === 'append') appendFileSync(file, words.join(' ') + '\\n');
  if (verb === 'sleep') await sleep(Number(file) * 1000);
  if (verb === 'linger' && !existsSync('lingered')) {
    writeFileSync('lingered', '');
    await sleep(Number(file) * 1000);
  }
  if (verb === 'need' && !existsSync(file)) process.exit(3);
  if (verb === 'ask') {
    const answer = mail.find(({ inReplyTo }) => inReplyTo);
    if (!answer) end({ status: 'question', mail: { to: 'human', subject: 'Which colour?', body: 'Red or blue?' } });
    writeFileSync('answer', answer.body + '\\n');
  }
}
end({ status: 'complete', summary: task.title });
`;

/** Writes the agent's program; answers the host configuration that registers it as `told`. */
export function toldAgentYml(directory: string): string {
  const program = join(directory, 'told-agent.mjs');
  writeFileSync(program, AGENT);
  chmodSync(program, 0o644);
  return `agents:
  - name: told
    role: worker
    backend: command
    argv: [${process.execPath}, ${program}]
    readOnly: [${program}]
    network: none
    timeout: 120
`;
}
