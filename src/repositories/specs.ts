import { bytesOf, type GitRun, outputOf, textOf } from './git.ts';
import { checkSizes, counted, type Entry, specsAmong, tooManyFiles } from './spec-files.ts';

/** The text of one container group, as it stands in a commit. */
export interface SpecFile {
  readonly path: string;
  readonly text: string;
}

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
  checkSizes(sizesIn(entries, await textOf({ ...git, words: ['cat-file', '--batch-check'], input })));
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
      found.push(...specsAmong([{ mode, id, path }]));
    }
    specsAmong(found); // no more of them than there may be
  }
  return found;
}

function sizesIn(entries: readonly Entry[], answer: string): { path: string; sizeBytes: number }[] {
  return answer
    .trimEnd()
    .split('\n')
    .map((line, index) => {
      const path = entries[index]?.path ?? '';
      const sizeBytes = Number(/^[0-9a-f]{40} blob (\d+)$/.exec(line)?.[1]);
      if (Number.isNaN(sizeBytes)) throw new Error(`git has no size for ${path}: ${line}`);
      return { path, sizeBytes };
    });
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
