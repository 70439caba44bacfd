import { PassThrough } from 'node:stream';
import { ApiClient } from '../../../cli/api-client.js';
import { runCommandLine } from '../../../cli/program.js';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line in this process, with the API at `url` and pipes instead of a terminal. */
export const commandLine =
  (url: string, key: string) =>
  async (...argv: readonly string[]): Promise<Ran> => {
    const [stdout, stderr] = [kept(), kept()];
    const exit = await runCommandLine(argv, {
      version: '1.2.3',
      stdout: stdout.stream,
      stderr: stderr.stream,
      connect: async () => new ApiClient(url, key),
    });
    return { exit, stdout: stdout.text(), stderr: stderr.text() };
  };

const kept = () => {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { stream, text: () => text + (stream.read() ?? '') };
};
