import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { environmentFor } from '../../config.js';
import { errorReason } from '../../errors.js';
import { createGit } from '../../git/run.js';
import { advised, type Check, failed, passed } from './check.js';

type Version = readonly [major: number, minor: number, patch: number];

const parseVersion = (text: string): Version | undefined => {
  const [, major, minor, patch] = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch ?? 0)];
};

const isAtLeast = (version: Version, least: Version): boolean => {
  for (const [index, part] of version.entries()) {
    const bound = least[index] ?? 0;
    if (part !== bound) return part > bound;
  }
  return true;
};

export const checkNode = (version: string = process.versions.node): Check => {
  const parsed = parseVersion(version);
  return parsed !== undefined && isAtLeast(parsed, [20, 19, 0])
    ? passed('node', `Node ${version}`)
    : failed('node', `Node ${version} is too old`, 'Install Node 20.19 or later.');
};

/** `merge-tree --write-tree`, on which all composition rests. */
const OLDEST_GIT: Version = [2, 38, 0];
/** The releases of each line with the fixes of May 2024, January 2025 and July 2025 (CVE-2025-48384 the last). */
const FIXED_GIT: readonly Version[] = [
  [2, 43, 7],
  [2, 44, 4],
  [2, 45, 4],
  [2, 46, 4],
  [2, 47, 3],
  [2, 48, 2],
  [2, 49, 1],
  [2, 50, 1],
];

export const checkGit = async (): Promise<Check> => {
  try {
    const git = createGit({ environment: environmentFor('tool') });
    const { stdout } = await git.run({ command: 'version', gitDir: '/' });
    return judgeGit(stdout.toString('utf8').trim(), await installedGitPackage());
  } catch (error) {
    return failed('git', `git does not run: ${errorReason(error)}`, 'Install git 2.38 or later.');
  }
};

/** Distributions backport fixes without raising git's version, so their package's own version counts too. */
export const judgeGit = (version: string, packageVersion: string | undefined): Check => {
  const parsed = parseVersion(version);
  if (parsed === undefined || !isAtLeast(parsed, OLDEST_GIT)) {
    return failed('git', `${version} is too old`, 'Install git 2.38 or later.');
  }
  const [major, minor, patch] = parsed;
  const isFixed =
    isAtLeast(parsed, [2, 50, 1]) || FIXED_GIT.some((at) => at[0] === major && at[1] === minor && patch >= at[2]);
  if (isFixed) return passed('git', version);
  if (packageVersion !== undefined && /[+~-](deb\d+u\d+|\d*ubuntu[\d.]+)/.test(packageVersion)) {
    return passed('git', `${version} with the distribution's security updates (package ${packageVersion})`);
  }
  return advised('git', `${version} lacks the security fixes of 2024 and 2025`, 'Update git to 2.50.1 or later.');
};

const installedGitPackage = async (): Promise<string | undefined> => {
  // Not a Debian, or git is not from a package: then only its own version counts.
  const found = await promisify(execFile)('dpkg-query', ['-s', 'git']).catch(() => undefined);
  return /^Version: (.+)$/m.exec(found?.stdout ?? '')?.[1];
};
