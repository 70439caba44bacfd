#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectApi } from './api-client.js';
import { runCommandLine } from './program.js';

// npm requires the field.
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  readonly version: string;
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads us may stop early, as `head` does: that ends us, and is no failure.
  if (error.code === 'EPIPE') process.exit();
  // On a full disk the supervision goes on without its log; any other command has failed by this.
  process.exitCode = 1;
  process.stderr.write(`The output could not be written: ${error.message}\n`);
});
// There is nobody left to tell.
process.stderr.on('error', () => {});

const exitCode = await runCommandLine(process.argv.slice(2), {
  version,
  stdout: process.stdout,
  stderr: process.stderr,
  connect: connectApi,
});
if (exitCode !== 0) process.exitCode = exitCode;
