#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectApi } from './api-client.js';
import { runCommandLine } from './program.js';

// npm requires the field.
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  readonly version: string;
};

// Whoever reads us may stop early, as `head` does: that ends us, and is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  version,
  stdout: process.stdout,
  stderr: process.stderr,
  connect: connectApi,
});
