import { PIPES_INSIDE } from '../profile.js';
import { frameOf, frameReader } from './frames.js';
import { closeAllBut, openFiles, openInput, openPipe, writeAll } from './pipes.js';
import { answer, askModule, passOn, runProcess, serve, signalEveryone } from './server.js';

const MODULES = { childProcess: 'child_process', fs: 'fs', net: 'net', os: 'os' };
const FUNCTIONS = [
  ...[frameOf, frameReader, openInput, openPipe, writeAll, openFiles, closeAllBut],
  ...[serve, answer, signalEveryone, runProcess, passOn, askModule],
];

/** The exec server as one module that needs nothing but Node: a sandbox sees neither our files nor our packages. */
export const serverText = (): string =>
  [
    ...Object.entries(MODULES).map(([name, module]) => `import * as ${name} from 'node:${module}';`),
    ...FUNCTIONS.map(String),
    `serve(${JSON.stringify(PIPES_INSIDE)});`,
    '',
  ].join('\n');
