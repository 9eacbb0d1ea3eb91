/** A line of a CODEOWNERS file that names somebody, or nobody. */
export interface OwnersLine {
  readonly pattern: string;
  /** `@ann`, `@acme/ops` or `ann@example.com`, as written. */
  readonly owners: readonly string[];
}

/** Where GitHub looks for the file; the first that is there counts. */
export const CODEOWNERS_PATHS = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'] as const;

/** The lines of a CODEOWNERS file, as GitHub reads it: what it does not understand it leaves out. Pure. */
export function readOwners(text: string): OwnersLine[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = wordsOf(line);
    const [pattern, ...owners] = words;
    if (pattern === undefined || /^!|[[\]]/.test(pattern)) return [];
    return [
      { pattern, owners: owners.filter((owner) => /^@[\w-]+(\/[\w.-]+)?$|^[^@\s]+@[^@\s]+$/.test(owner)) },
    ];
  });
}

/** A blank after a backslash belongs to the path; a hash begins a comment. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:\\.|[^\s\\])+/g)]
    .map(([word]) => word)
    .slice(0, commentAt(line))
    .map((word) => word.replace(/\\(.)/g, '$1'));
}

function commentAt(line: string): number {
  const words = [...line.matchAll(/(?:\\.|[^\s\\])+/g)].map(([word]) => word);
  const at = words.findIndex((word) => word.startsWith('#'));
  return at < 0 ? words.length : at;
}

/** Who owns a path: the last line that fits it says so, also when it names nobody. Pure. */
export function ownersOf(lines: readonly OwnersLine[], path: string): readonly string[] {
  return lines.findLast(({ pattern }) => fits(pattern, path))?.owners ?? [];
}

/** As in .gitignore: a slash at the beginning or in the middle ties it to the root, one at the end means a folder. */
function fits(pattern: string, path: string): boolean {
  const folder = pattern.endsWith('/');
  const bare = pattern.replace(/^\//, '').replace(/\/$/, '');
  const rooted = pattern.startsWith('/') || bare.includes('/');
  const source = bare
    .split(/(\/\*\*\/|^\*\*\/|\/\*\*$|\*+|\?)/)
    .map((part) => {
      if (part === '/**/') return '/(?:.*/)?';
      if (part === '**/') return '(?:.*/)?';
      if (part === '/**') return '/.*';
      if (/^\*+$/.test(part)) return '[^/]*';
      return part === '?' ? '[^/]' : part.replace(/[\\^$.+()[\]{}|]/g, '\\$&');
    })
    .join('');
  // `docs/*` holds the files of that folder alone, every other pattern also all that lies below.
  const below = /(^|\/)\*$/.test(bare) && rooted ? '' : '(?:/.*)?';
  return new RegExp(`^${rooted ? '' : '(?:.*/)?'}${source}${folder ? '/.*' : below}$`).test(path);
}
