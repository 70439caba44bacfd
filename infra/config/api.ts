import { isIP } from 'node:net';
import { refused, type Variables } from './variables.js';

export interface ApiSettings {
  readonly host: string;
  /** Absent: a free port is chosen once and remembered. */
  readonly port: number | undefined;
  /** Names beside loopback and `host` that requests may be addressed to, such as that of a reverse proxy. */
  readonly allowedHosts: readonly string[];
  /** Where people outside this machine open the API, without a trailing slash. Absent: nowhere. */
  readonly publicUrl: string | undefined;
  /** Addresses or networks of reverse proxies that are believed when they say for whom they ask. */
  readonly trustedProxies: readonly string[];
  /** What one key may ask; one address may ask four times as much. */
  readonly requestsPerMinute: number;
}

const PORT = { min: 1, max: 65_535 };
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const IPV6 = /^[0-9a-f:]*:[0-9a-f:.]+$/;

export const readApi = (variables: Variables): ApiSettings => ({
  host: variables.text('MILLWRIGHT_API_HOST') ?? '127.0.0.1',
  port: variables.optionalInteger('MILLWRIGHT_API_PORT', PORT),
  allowedHosts: readHosts(variables, 'MILLWRIGHT_ALLOWED_HOSTS'),
  publicUrl: variables.url('MILLWRIGHT_PUBLIC_URL', ['https', 'http']),
  trustedProxies: readProxies(variables, 'MILLWRIGHT_TRUSTED_PROXIES'),
  requestsPerMinute: variables.integer('MILLWRIGHT_API_REQUESTS_PER_MINUTE', 6_000, { min: 60, max: 10_000_000 }),
});

const readProxies = (variables: Variables, name: string): readonly string[] => {
  const proxies = listOf(variables.text(name));
  if (!proxies.every(isNetwork))
    throw refused(name, 'must be addresses or networks such as 10.0.0.0/8, separated by commas');
  return proxies;
};

/** A network of everybody would let any client name the address it is counted under. */
function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

const listOf = (text = ''): readonly string[] =>
  text
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');

/** Names only: a scheme, a port or a `*` would promise what the check does not do. */
const readHosts = (variables: Variables, name: string): readonly string[] => {
  const hosts = listOf(variables.text(name));
  if (!hosts.every((host) => HOST.test(host) || IPV6.test(host))) {
    throw refused(name, 'must be host names or addresses, separated by commas, without scheme, port or *');
  }
  return hosts;
};
