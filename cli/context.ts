import { type ApiClient, connectApi } from './api-client.js';
import { createOutput, type Output } from './output.js';

/** What a command is given: its output, and the API when it asks for it. */
export interface Context {
  readonly out: Output;
  api(): Promise<ApiClient>;
}

export interface GlobalOptions {
  readonly json?: boolean;
}

export const createContext = (options: GlobalOptions): Context => ({
  out: createOutput(options.json ?? false),
  api: connectApi,
});
