/**
 * Programs of another release of Debian, unpacked beside the machine's own and not installed: `apt-get` fetches and verifies
 * them in a folder that is its whole world. What was fetched once is kept for the next run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';
const PARENT = '/var/cache/katabot-tests';
/** Where a package puts what is to be run. */
const PROGRAMS = ['usr/bin', 'usr/sbin'];

/** Whether packages of other releases are to be had: on Debian, as root. */
export function canUnpack(): boolean {
  return process.getuid?.() === 0 && existsSync(KEYS) && mirror() !== undefined;
}

/** The folders with the programs of these packages of that release, such as trixie. Throws with apt-get's words. */
export function unpackPackages(release: string, names: readonly string[]): readonly string[] {
  const folder = join(PARENT, [release, ...names].join('-'));
  if (!existsSync(folder)) fetchInto(folder, release, names);
  return PROGRAMS.map((each) => join(folder, each));
}

function fetchInto(folder: string, release: string, names: readonly string[]): void {
  mkdirSync(PARENT, { recursive: true });
  const workshop = mkdtempSync(`${folder}-`);
  try {
    const list = join(workshop, 'sources.list');
    writeFileSync(list, `deb [signed-by=${KEYS}] ${mirror()} ${release} main\n`);
    const unpacked = join(workshop, 'unpacked');
    for (const each of ['lists/partial', 'cache/archives/partial', 'unpacked'])
      mkdirSync(join(workshop, each), { recursive: true });
    const options = {
      'Dir::Etc::SourceList': list,
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::State::Lists': join(workshop, 'lists'),
      'Dir::Cache': join(workshop, 'cache'),
      'APT::Sandbox::User': 'root',
    };
    const words = ['-qq', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
    run('apt-get', [...words, 'update'], workshop);
    run('apt-get', [...words, 'download', ...names], workshop);
    for (const each of readdirSync(workshop).filter((name) => name.endsWith('.deb')))
      run('dpkg-deb', ['-x', each, unpacked], workshop);
    put(unpacked, folder);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** All at once; another run may have been faster. */
function put(unpacked: string, folder: string): void {
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

/** Where this machine has its own packages from. */
function mirror(): string | undefined {
  const words = ['indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(LABEL)', 'Created-By: Packages'];
  const { stdout, status } = spawnSync('apt-get', words, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  return stdout
    .split('\n')
    .find((line) => line.endsWith(' Debian Debian'))
    ?.split(' ')[0];
}

function run(program: string, words: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, words, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${program} ${words.at(-1)} failed: ${error?.message ?? stderr.trim()}`);
}
