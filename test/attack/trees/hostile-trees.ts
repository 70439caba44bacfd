import type { SnapshotLimits } from '../../../infra/git/snapshot.js';

export interface HostileTree {
  /** Runs in the tree with the agent's uid; `$OUT` is a directory beside it that the agent may write. */
  readonly plant: string;
  /** With the rights of the host, for what an agent could do only where a wall has fallen already. */
  readonly asHost?: boolean;
  /** The only good answer: refused by this path. Otherwise the snapshot may also keep everything. */
  readonly refused?: string;
  readonly limits?: Partial<SnapshotLimits>;
  readonly controls?: readonly string[];
}

const NAMES = ['trees.reserved-names'];
const KINDS = ['trees.kinds'];

export const HOSTILE_TREES: Readonly<Record<string, HostileTree>> = {
  'a file named “.git ”': { plant: `mkdir d; printf x > d/'.git '`, refused: 'd/.git ', controls: NAMES },
  'a file named .git...': { plant: 'printf x > .git...', refused: '.git...', controls: NAMES },
  'a file named .GIT': { plant: 'mkdir d; printf x > d/.GIT', refused: 'd/.GIT', controls: NAMES },
  'a file named GIT~1': { plant: 'printf x > GIT~1', refused: 'GIT~1', controls: NAMES },
  'a .git with an invisible character': { plant: `printf x > "$(printf '.g\\342\\200\\214it')"`, controls: NAMES },
  'a stream of .git as NTFS writes it': { plant: `printf x > '.git::$INDEX_ALLOCATION'`, controls: NAMES },
  'names that only look like .git': {
    plant: 'printf x > ..git; printf x > .gitx; printf x > git; mkdir .gi; printf x > .gi/t',
  },
  'a repository without commits': { plant: 'git init -q sub; echo x > sub/f', refused: 'sub/.git', controls: NAMES },
  'a repository with commits': {
    plant: 'git init -q sub; cd sub; echo x > f; git add f; git commit -qm x',
    refused: 'sub/.git',
    controls: NAMES,
  },
  'a .git file that leads elsewhere': {
    plant: `mkdir sub; printf 'gitdir: %s' "$MIRROR" > sub/.git; echo x > sub/f`,
    refused: 'sub/.git',
    controls: NAMES,
  },
  'a .git at the root': {
    plant: `git init -q .; printf '* filter=x' > .git/info/attributes`,
    controls: ['trees.cleared-metadata'],
  },
  'a .git at the root that is a link to our own metadata': {
    plant: 'ln -s "$MIRROR" .git',
    controls: ['trees.cleared-metadata'],
  },
  'a named pipe': { plant: 'mkdir d; mkfifo d/pipe', refused: 'd/pipe', controls: KINDS },
  'a file that became a named pipe': { plant: 'rm a.txt; mkfifo a.txt', refused: 'a.txt', controls: KINDS },
  'a socket': {
    plant: `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "sock", Listen => 1)'`,
    refused: 'sock',
    controls: KINDS,
  },
  'a device': { plant: 'mknod zero c 1 5', asHost: true, refused: 'zero', controls: KINDS },
  'a sparse file of 1 TB': { plant: 'truncate -s 1T big', refused: 'big' },
  'a file of 300 MB': { plant: 'truncate -s 300M big', refused: 'big', controls: ['trees.file-size'] },
  'changes of more bytes than are taken': {
    plant: 'head -c 300000 /dev/zero > big',
    limits: { maxChangedBytes: 100_000 },
    refused: '',
    controls: ['trees.changed-size'],
  },
  'more files than are taken': {
    plant: 'mkdir many; cd many; seq 3000 | xargs touch',
    limits: { maxEntries: 2_000 },
    refused: '',
    controls: ['trees.entries'],
  },
  'a hard link to a file outside': {
    plant: 'ln "$OUT/secret" leak',
    asHost: true,
    refused: 'leak',
    controls: ['trees.hard-links'],
  },
  'hard links within': { plant: 'ln a.txt twin.txt' },
  'links to everywhere': {
    plant: `ln -s /etc/passwd p; ln -s / root; ln -s .. up; ln -s missing dangling; ln -s loop loop; ln -s ../../git/index index`,
  },
  'a directory that became a link': {
    plant: `mkdir d; mv a.txt d; ln -s "$OUT" e; rm b.txt; ln -s "$OUT/secret" b.txt`,
  },
  'a name of 255 bytes': { plant: `printf x > "$(head -c 255 /dev/zero | tr '\\0' n)"` },
  'a path longer than the kernel takes': {
    plant: `n=$(head -c 200 /dev/zero | tr '\\0' n); i=0; while [ $i -lt 30 ]; do mkdir $n; cd -P $n; i=$((i+1)); done; printf x > deep`,
    controls: ['trees.long-paths'],
  },
  'names that are no UTF-8': {
    plant: `printf x > "$(printf '\\377\\376')"; mkdir "$(printf '\\200')"; printf x > "$(printf '\\200/y')"`,
  },
  'names with line breaks, quotes, dashes and pathspec magic': {
    plant: `printf x > "$(printf 'a\\nb')"; printf x > '"q"'; printf x > -rf; printf x > --all; printf x > ':(top)'; printf x > ':!x'; printf x > ':^x'; printf x > '*'; printf x > 'a b'; printf x > "$(printf 'e\\033[2J')"`,
  },
  'names that differ only by case or form': {
    plant: `printf a > README; printf b > readme; printf c > "$(printf '\\303\\244')"; printf d > "$(printf 'a\\314\\210')"`,
  },
  'files and directories without any permission': {
    plant: 'printf x > closed; chmod 000 closed; mkdir shut; printf y > shut/y; chmod 000 shut',
  },
  'setuid and setgid files': { plant: 'printf x > s; chmod 6777 s' },
  'a .gitmodules whose address is an option': {
    plant: `printf '[submodule "x"]\\n\\tpath = x\\n\\turl = --upload-pack=sh\\n' > .gitmodules`,
    controls: ['trees.fetchable'],
  },
  'a .gitmodules that is a link': { plant: 'ln -s a.txt .gitmodules', refused: '.gitmodules' },
  'a .gitattributes with a line without end': {
    plant: `printf '* a%s\\n' "$(head -c 5000 /dev/zero | tr '\\0' a)" > .gitattributes`,
    controls: ['trees.fetchable'],
  },
  'a .gitattributes that names an encoding that the file has not': {
    plant: `printf '*.txt working-tree-encoding=UTF-16LE\\n' > .gitattributes; printf 'odd' > odd.txt`,
  },
  'a .gitattributes that names programs': {
    plant: `printf '* filter=lfs diff=lfs merge=lfs -text\\n' > .gitattributes; echo c > b.txt`,
  },
};
