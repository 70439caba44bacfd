import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

export interface ImportEdge {
  /** Importing file, relative to the repository. */
  readonly from: string;
  /** File relative to the repository, or the bare package. */
  readonly to: string;
  readonly isPackage: boolean;
}

export const ROOT = resolve(import.meta.dirname, '../..');

/** TypeScript files below a folder, relative to the repository. */
export const sourcesOf = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name));

/** Every import and re-export, types and dynamic ones included. */
export const importsOf = (file: string): readonly ImportEdge[] => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return { from: file, to: packageOf(fileName), isPackage: true };
    const path = relative(ROOT, resolve(ROOT, dirname(file), fileName)).replace(/\.js$/, '.ts');
    return { from: file, to: path, isPackage: false };
  });
};

const packageOf = (specifier: string): string => {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
};
