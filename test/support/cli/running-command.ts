import { PassThrough } from 'node:stream';
import { ApiClient } from '../../../cli/api-client.js';
import { runCommandLine } from '../../../cli/program.js';
import { until } from '../until.js';

/** A command that waits for somebody: what it has said so far, and how it ends. */
export interface RunningCommand {
  stdout(): string;
  stderr(): string;
  readonly exit: Promise<number>;
  /** The first match in either output, once it is there. */
  said(pattern: RegExp): Promise<string>;
}

export function startCommand(...argv: readonly string[]): RunningCommand {
  const [stdout, stderr] = [collected(), collected()];
  const surroundings = {
    version: '1.2.3',
    stdout: stdout.stream,
    stderr: stderr.stream,
    connect: async () => new ApiClient('http://127.0.0.1:1', 'key'),
  };
  let ended: number | undefined;
  const exit = runCommandLine(argv, surroundings).then((code) => {
    ended = code;
    return code;
  });
  const find = (pattern: RegExp): string | undefined => pattern.exec(`${stdout.text()}\n${stderr.text()}`)?.[0];
  return {
    stdout: stdout.text,
    stderr: stderr.text,
    exit,
    said: async (pattern) => {
      await until(() => find(pattern) !== undefined || ended !== undefined);
      const found = find(pattern);
      if (found === undefined) throw new Error(`It ended with ${ended}, and said: ${stdout.text()}${stderr.text()}`);
      return found;
    },
  };
}

const collected = () => {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { stream, text: () => text };
};
