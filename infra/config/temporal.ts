import { readFileSync } from 'node:fs';
import { refused, type Variables } from './variables.js';

/** TLS material as the SDK takes it; certificates are read when the configuration is. */
export interface TemporalTls {
  readonly serverNameOverride?: string;
  readonly serverRootCACertificate?: Buffer;
  readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
}

export interface TemporalSettings {
  /** Absent: the embedded server is started. */
  readonly address: string | undefined;
  readonly namespace: string;
  readonly apiKey: string | undefined;
  /** Absent: plain text, which only a loopback server should get. */
  readonly tls: TemporalTls | undefined;
  /** Base of links to the Web UI, without a trailing slash. Absent: no links are shown. */
  readonly uiUrl: string | undefined;
}

/** Reads the variables that Temporal's own tools use, so that one environment serves both. */
export const readTemporal = (variables: Variables): TemporalSettings => {
  const address = variables.text('TEMPORAL_ADDRESS');
  if (address !== undefined && !/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address)) {
    throw refused('TEMPORAL_ADDRESS', 'must be host:port');
  }
  const apiKey = variables.text('TEMPORAL_API_KEY');
  return {
    address,
    namespace: variables.text('TEMPORAL_NAMESPACE') ?? 'default',
    apiKey,
    tls: readTls(variables, apiKey !== undefined),
    uiUrl: variables.url('MILLWRIGHT_TEMPORAL_UI_URL', ['http', 'https']),
  };
};

const readTls = (variables: Variables, hasApiKey: boolean): TemporalTls | undefined => {
  const serverName = variables.text('TEMPORAL_TLS_SERVER_NAME');
  const authority = readPem(variables, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  const certificate = readPem(variables, 'TEMPORAL_TLS_CLIENT_CERT_PATH');
  const key = readPem(variables, 'TEMPORAL_TLS_CLIENT_KEY_PATH');
  if ((certificate === undefined) !== (key === undefined)) {
    throw refused('TEMPORAL_TLS_CLIENT_KEY_PATH', 'and TEMPORAL_TLS_CLIENT_CERT_PATH must be set together');
  }
  // An API key over plain text would be readable on the wire, so it turns TLS on by itself.
  const isOn = variables.flag('TEMPORAL_TLS') ?? (hasApiKey || [serverName, authority, certificate].some(Boolean));
  if (!isOn) return undefined;
  return {
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(authority === undefined ? {} : { serverRootCACertificate: authority }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertPair: { crt: certificate, key } }),
  };
};

const readPem = (variables: Variables, name: string): Buffer | undefined => {
  const path = variables.text(name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch {
    throw refused(name, 'names a file that cannot be read');
  }
};
