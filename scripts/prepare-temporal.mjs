// Finds the Temporal CLI as `millwright up` does, before any test waits for it: a first build takes minutes.
import { join } from 'node:path';

const { loadConfig } = await import(join(import.meta.dirname, '../dist/infra/config.js'));
const { locateTemporal } = await import(join(import.meta.dirname, '../dist/infra/embedded/temporal-cli.js'));
const { temporalCli, searchPath, cacheDirectory } = loadConfig();
await locateTemporal({ address: undefined, given: temporalCli, searchPath, cacheDirectory, say: console.log });
