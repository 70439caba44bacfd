import type { ApiClient } from './api-client.js';
import { createOutput, type Output, type Screen } from './output.js';

/** What a command line runs in: where it writes, and how it reaches the API. */
export interface Surroundings {
  readonly version: string;
  readonly stdout: Screen;
  readonly stderr: Screen;
  connect(): Promise<ApiClient>;
}

/** What a command is given: its output, and the API when it asks for it. */
export interface Context {
  readonly out: Output;
  api(): Promise<ApiClient>;
}

export interface GlobalOptions {
  readonly json?: boolean;
}

export const createContext = ({ json = false }: GlobalOptions, { stdout, stderr, connect }: Surroundings): Context => ({
  out: createOutput(json, { stdout, stderr }),
  api: connect,
});
