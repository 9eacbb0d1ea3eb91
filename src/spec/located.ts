import { messageOf } from '../failure.ts';
import { type Node, YamlProblem } from './node.ts';
import type { Problem } from './problem.ts';
import { readYaml } from './yaml.ts';

/** A small YAML document as a plain value, with the place of every part. */
export interface Located {
  readonly value: unknown;
  /** The place of a part, or of the nearest one around it that is written; with `atKey` that of its name. */
  place(
    path: readonly PropertyKey[],
    atKey?: boolean,
  ): { readonly line: number; readonly column: number; readonly endColumn?: number };
}

/** Reads a document that is no container group, such as the rules of a repository. Gives the problem of one that is no YAML. */
export function readLocated(text: string, file: string): Located | Problem {
  const source = text.replace(/^\ufeff/, '');
  try {
    const root = readYaml(source);
    return {
      value: plainValue(root),
      place: (path, atKey = false) => placeIn(source, spanOf(root, path, atKey)),
    };
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const { line, column } = placeIn(source, { start: error.offset, end: error.offset });
    const { code, advice } = error;
    const message = messageOf(error);
    return { severity: 'error', code, own: true, file, line, column, path: '', message, advice };
  }
}

/** Plain scalars are what YAML 1.2 says that they are. */
function plainValue(node: Node): unknown {
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map(({ key, value }) => [key.text, plainValue(value)]));
  if (!node.plain) return node.text;
  if (/^(null|~|)$/i.test(node.text)) return null;
  if (/^(true|false)$/i.test(node.text)) return node.text.toLowerCase() === 'true';
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(node.text) ? Number(node.text) : node.text;
}

function spanOf(
  node: Node,
  [name, ...rest]: readonly PropertyKey[],
  atKey: boolean,
): { start: number; end: number } {
  if (name === undefined) return node;
  if (node.kind === 'list') {
    const item = node.items[Number(name)];
    return item ? spanOf(item, rest, atKey) : node;
  }
  const entry = node.kind === 'map' ? node.entries.find(({ key }) => key.text === name) : undefined;
  if (!entry) return node;
  return atKey && !rest.length ? entry.key : spanOf(entry.value, rest, atKey);
}

function placeIn(source: string, { start, end }: { start: number; end: number }) {
  const before = source.slice(0, start).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const [first = ''] = source.slice(start, end).split('\n');
  return { line: before.length, column, ...(first ? { endColumn: column + first.length } : {}) };
}
