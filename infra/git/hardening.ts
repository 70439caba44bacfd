/**
 * Flags and environment of every host git. No flag alone makes git safe in a directory that somebody else
 * can write: the other half is that GIT_DIR is always ours (run.ts demands it).
 */
const CONFIG = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.sshCommand=/bin/false',
  'core.askPass=',
  'core.gitProxy=',
  'core.alternateRefsCommand=true',
  'core.pager=cat',
  'core.editor=true',
  'core.quotePath=false',
  'diff.external=',
  'credential.helper=',
  'gpg.program=/bin/false',
  'gpg.ssh.program=/bin/false',
  'gpg.x509.program=/bin/false',
  'log.showSignature=false',
  'commit.gpgSign=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'safe.bareRepository=explicit',
  'transfer.fsckObjects=true',
  'transfer.bundleURI=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
] as const;

/** Defects of old public histories. None makes git execute anything; refusing them would refuse the repository. */
const TOLERATED_DEFECTS = [
  'badTimezone',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'badEmail',
  'badDate',
  'badDateOverflow',
  'zeroPaddedFilemode',
  'zeroPaddedDate',
  'badFilemode',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingTaggerEntry',
  'badTagName',
] as const;

/** How far one call may reach: nowhere, to a repository on this disk, to an https host, or over plain http to this machine. */
export type GitTransport = 'none' | 'file' | 'https' | 'http';

export const hardenedConfig = (transport: GitTransport): readonly string[] => {
  const settings = [
    ...CONFIG,
    ...TOLERATED_DEFECTS.map((id) => `fetch.fsck.${id}=ignore`),
    'protocol.allow=never',
    ...(transport === 'none' ? [] : [`protocol.${transport}.allow=always`]),
  ];
  return settings.flatMap((setting) => ['-c', setting]);
};

/** The only variables of the caller's environment that git may see. Everything else stays outside. */
const PASSED_ON = [
  'PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'GIT_SSL_CAINFO',
] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

export const hardenedEnvironment = (outer: Environment, transport: GitTransport): Record<string, string> => {
  const env: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    HOME: '/nonexistent',
    XDG_CONFIG_HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: transport === 'none' ? '' : transport,
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_OPTIONAL_LOCKS: '0',
  };
  for (const name of PASSED_ON) {
    const value = outer[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
};
