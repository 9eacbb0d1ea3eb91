import { Failure } from '../failure.ts';
import { bytesOf, type GitRun, outputOf, textOf } from './git.ts';

/** The text of one container group, as it stands in a commit. */
export interface SpecFile {
  readonly path: string;
  readonly text: string;
}

interface Entry {
  readonly mode: string;
  readonly id: string;
  readonly path: string;
}

const SPEC_NAME = /(?:^|\/)containergroup\.ya?ml$/;
const MOST_SPECS = 200;
const MOST_SPEC_BYTES = 1_048_576;
const MOST_BYTES = 16 * MOST_SPEC_BYTES;
/** A handful of objects can describe a tree of billions of files; the largest real ones have half a million. */
const MOST_ENTRIES = 1_000_000;

/**
 * Every file named containergroup.yaml or .yml, in any folder of a commit. Sizes are looked at before anything is read.
 * Throws a Failure for what cannot be a spec.
 */
export async function readSpecs(git: Omit<GitRun, 'words'>, commit: string): Promise<SpecFile[]> {
  const entries = await specEntries({ ...git, words: ['ls-tree', '-r', '-z', commit] });
  if (entries.length === 0) return [];
  const input = entries.map(({ id }) => `${id}\n`).join('');
  checkSizes(entries, await textOf({ ...git, words: ['cat-file', '--batch-check'], input }));
  return filesIn(entries, await bytesOf({ ...git, words: ['cat-file', '--batch'], input }));
}

async function specEntries(git: GitRun): Promise<Entry[]> {
  const found: Entry[] = [];
  const decoder = new TextDecoder(); // a name may be cut between two parts of the output
  let pending = '';
  let seen = 0;
  for await (const part of outputOf(git)) {
    const lines = `${pending}${decoder.decode(part, { stream: true })}`.split('\0');
    pending = lines.pop() ?? '';
    seen += lines.length;
    if (seen > MOST_ENTRIES) throw tooManyFiles(`more than ${counted(MOST_ENTRIES)} files`);
    for (const line of lines) {
      const [, mode = '', id = '', path = ''] = /^(\d{6}) \w+ ([0-9a-f]{40})\t(.+)$/s.exec(line) ?? [];
      if (SPEC_NAME.test(path)) found.push(checkedEntry({ mode, id, path }));
    }
    if (found.length > MOST_SPECS) throw tooManyFiles(`more than ${MOST_SPECS} container groups`);
  }
  return found;
}

function checkedEntry(entry: Entry): Entry {
  if (entry.mode.startsWith('100')) return entry;
  const kind = entry.mode === '160000' ? 'a submodule' : 'a link';
  throw new Failure('not-a-file', `${entry.path} is ${kind}, not a file.`, {
    advice: 'Commit the file itself under this name.',
  });
}

function tooManyFiles(what: string): Failure {
  return new Failure('too-many-files', `The tree holds ${what}.`, { advice: 'Split the repository.' });
}

function checkSizes(entries: readonly Entry[], answer: string): void {
  let total = 0;
  for (const [index, line] of answer.split('\n').entries()) {
    const path = entries[index]?.path ?? '';
    const size = Number(/^[0-9a-f]{40} blob (\d+)$/.exec(line)?.[1]);
    if (Number.isNaN(size)) throw new Error(`git has no size for ${path}: ${line}`);
    if (size > MOST_SPEC_BYTES) {
      throw new Failure(
        'file-too-large',
        `${path} has ${counted(size)} bytes; a container group may have ${counted(MOST_SPEC_BYTES)} (1 MiB).`,
        { advice: 'Is this really a container group? Data belongs into an image or a volume.' },
      );
    }
    total += size;
  }
  if (total > MOST_BYTES) {
    throw new Failure(
      'files-too-large',
      `The container groups have ${counted(total)} bytes together; ${counted(MOST_BYTES)} (16 MiB) is the most.`,
      { advice: 'Data belongs into an image or a volume.' },
    );
  }
}

function counted(number: number): string {
  return number.toLocaleString('en');
}

/** git answers `ID blob SIZE`, a line end, the bytes, a line end; once for each line that it was asked. */
function filesIn(entries: readonly Entry[], answer: Buffer): SpecFile[] {
  let at = 0;
  return entries.map(({ path }) => {
    const start = answer.indexOf('\n', at) + 1;
    const end = start + Number(answer.subarray(at, start).toString('latin1').trim().split(' ')[2]);
    at = end + 1;
    return { path, text: answer.subarray(start, end).toString('utf8') };
  });
}
