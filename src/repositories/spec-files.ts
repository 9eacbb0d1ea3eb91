import { Failure } from '../failure.ts';

/** A name in the tree of a commit, as git has it. */
export interface Entry {
  /** Six octal digits: 100644 is a file, 160000 a submodule. */
  readonly mode: string;
  /** 40 hex digits. */
  readonly id: string;
  readonly path: string;
}

const SPEC_NAME = /(?:^|\/)containergroup\.ya?ml$/;
const MOST_SPECS = 200;
const MOST_SPEC_BYTES = 1_048_576;
const MOST_BYTES = 16 * MOST_SPEC_BYTES;

/** The container groups among the names of a tree. Throws a Failure for what cannot be one. */
export function specsAmong(entries: readonly Entry[]): Entry[] {
  const found = entries.filter(({ path }) => SPEC_NAME.test(path));
  if (found.length > MOST_SPECS) throw tooManyFiles(`more than ${MOST_SPECS} container groups`);
  for (const { mode, path } of found) {
    if (mode.startsWith('100')) continue;
    const kind = mode === '160000' ? 'a submodule' : 'a link';
    throw new Failure('not-a-file', `${path} is ${kind}, not a file.`, {
      advice: 'Commit the file itself under this name.',
    });
  }
  return found;
}

export function tooManyFiles(what: string): Failure {
  return new Failure('too-many-files', `The tree holds ${what}.`, { advice: 'Split the repository.' });
}

/** Looked at before anything is read. Throws a Failure for a file that is too large, and for too many of them. */
export function checkSizes(files: readonly { readonly path: string; readonly sizeBytes: number }[]): void {
  for (const { path, sizeBytes } of files) {
    if (sizeBytes <= MOST_SPEC_BYTES) continue;
    throw new Failure(
      'file-too-large',
      `${path} has ${counted(sizeBytes)} bytes; a container group may have ${counted(MOST_SPEC_BYTES)} (1 MiB).`,
      { advice: 'Is this really a container group? Data belongs into an image or a volume.' },
    );
  }
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total <= MOST_BYTES) return;
  throw new Failure(
    'files-too-large',
    `The container groups have ${counted(total)} bytes together; ${counted(MOST_BYTES)} (16 MiB) is the most.`,
    { advice: 'Data belongs into an image or a volume.' },
  );
}

export function counted(number: number): string {
  return number.toLocaleString('en');
}
