/** What the architecture page demands of the sources, as functions from a tree of files to sentences of complaint. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';

/** Path from the repository's root, with slashes -> text. */
export type Tree = ReadonlyMap<string, string>;

export function readTree(folder: 'src' | 'test'): Tree {
  const root = resolve(import.meta.dirname, '../..');
  const paths = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[mc]?[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]));
}

/** `src` in reading order: what stands in a line may import from its own line and from those above. */
export const READING_ORDER: readonly (readonly string[])[] = [
  ['failure.ts', 'clock.ts', 'event.ts', 'package.ts', 'ssh.ts'],
  ['secrets'],
  ['spec'],
  ['engines'],
  ['network'],
  ['metering'],
  ['policy'],
  ['reconciler'],
  ['replies'],
  ['commands'],
  ['mail'],
  ['shipping'],
  ['store'],
  ['observability'],
  ['repositories'],
  ['surfaces'],
  ['config.ts'],
  ['app.ts'],
  ['program.ts'],
  ['built.mjs', 'main.mjs'],
];

/** Chapters whose folders are adapters: each ties the program to one outside thing. */
const WITH_ADAPTERS = ['engines', 'store', 'surfaces'];

/** The command line is a surface that `program.ts` starts without the rest of the program. */
const IMPORTERS_OF_ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  'surfaces/cli': ['src/app.ts', 'src/program.ts'],
};

export function importsAgainstTheOrder(tree: Tree): string[] {
  return complain(tree, ({ from, to }) => {
    const [own, other] = [lineOf(from), lineOf(to)];
    if (own === -1) return `${from} stands in no chapter`;
    if (other === -1) return `${from} imports ${to}, which stands in no chapter`;
    return other > own ? `${from} imports ${to}, which comes later` : undefined;
  });
}

export function importsPastTheDoor(tree: Tree): string[] {
  return complain(tree, ({ from, to }) => {
    const chapter = chapterOf(to);
    if (chapter === chapterOf(from) || adapterOf(to) !== undefined || /\.m?[jt]s$/.test(chapter))
      return undefined;
    return to === `src/${chapter}/index.ts` ? undefined : `${from} imports ${to}, not the chapter's index.ts`;
  });
}

export function importsOfAdapters(tree: Tree): string[] {
  return complain(tree, ({ from, to }) => {
    const adapter = adapterOf(to);
    if (adapter === undefined || adapterOf(from) === adapter) return undefined;
    const allowed = IMPORTERS_OF_ADAPTERS[adapter] ?? ['src/app.ts'];
    return allowed.includes(from) ? undefined : `${from} imports the adapter ${adapter}`;
  });
}

export function importsOfNothing(tree: Tree): string[] {
  return complain(tree, ({ from, to }) =>
    tree.has(to) ? undefined : `${from} imports ${to}, which does not exist`,
  );
}

/** One sentence for each circle, with its files in the order of the imports. */
export function importCycles(tree: Tree): string[] {
  const cycles = new Map<string, string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      const circle = trail.slice(start);
      cycles.set(circle.toSorted().join(), [...circle, path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const { to } of importsOf(path, tree.get(path) ?? '')) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of tree.keys()) visit(path, []);
  return [...cycles.values()];
}

export function namesThatSayNothing(tree: Tree): string[] {
  const empty = /^(utils?|helpers?|common|shared|misc)$/;
  return [...tree.keys()].filter((path) => path.split(/[/.]/).some((word) => empty.test(word.toLowerCase())));
}

export function filesTooLong(tree: Tree, limit: number, longer: Readonly<Record<string, string>>): string[] {
  const tooLong = [...tree]
    .map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ path, lines }) => lines > limit && !(path in longer))
    .map(({ path, lines }) => `${path} has ${lines} lines`);
  const gone = Object.keys(longer).filter((path) => !tree.has(path));
  return [...tooLong, ...gone.map((path) => `${path} is excused and does not exist`)];
}

export function filesWith(tree: Tree, pattern: RegExp, allowed: readonly string[] = []): string[] {
  return [...tree]
    .filter(([path, text]) => pattern.test(text) && !allowed.includes(path))
    .map(([path]) => path);
}

interface Import {
  readonly from: string;
  readonly to: string;
}

function complain(tree: Tree, judge: (edge: Import) => string | undefined): string[] {
  const edges = [...tree].flatMap(([path, text]) => importsOf(path, text));
  return [...new Set(edges.map(judge).filter((complaint) => complaint !== undefined))];
}

/** Imports of own files; packages are knip's concern. */
function importsOf(path: string, text: string): Import[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const patterns = [
    /\b(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])(\.[^'"]*)\1/g,
    /\bimport\s*(['"])(\.[^'"]*)\1/g,
    /\bimport\(\s*(['"])(\.[^'"]*)\1/g,
  ];
  return patterns
    .flatMap((pattern) => [...code.matchAll(pattern)])
    .map((match) => ({ from: path, to: posix.join(posix.dirname(path), match[2] ?? '') }));
}

function lineOf(path: string): number {
  return READING_ORDER.findIndex((line) => line.includes(chapterOf(path)));
}

/** `src/engines/docker/labels.ts` -> `engines`; `src/clock.ts` -> `clock.ts`. */
function chapterOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** `src/engines/docker/labels.ts` -> `engines/docker`; nothing for a chapter's own files. */
function adapterOf(path: string): string | undefined {
  const [, chapter = '', folder, ...file] = path.split('/');
  return WITH_ADAPTERS.includes(chapter) && file.length > 0 ? `${chapter}/${folder}` : undefined;
}
