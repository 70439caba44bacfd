import { refused, type Variables } from './variables.js';

/**
 * Where a forge or a tracker is. Credentials travel to it, so plain text is for a stand-in on this machine alone.
 * @throws InvalidInput naming the variable
 */
export const readAddress = (variables: Variables, name: string): string | undefined => {
  const text = variables.url(name, ['https', 'http']);
  if (text === undefined) return undefined;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    throw refused(name, 'must be an address without user, query or fragment');
  }
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  if (protocol === 'http:' && !isLoopback) throw refused(name, 'must start with https:// unless it is on loopback');
  return text;
};
