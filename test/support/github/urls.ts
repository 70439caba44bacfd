/** Addresses as an Enterprise server has them: pages and git at the root, REST below `/api/v3`. */
export interface Urls {
  readonly web: string;
  readonly api: string;
}

export const API_PREFIX = '/api/v3';

export const urlsOf = (web: string): Urls => ({ web, api: `${web}${API_PREFIX}` });
