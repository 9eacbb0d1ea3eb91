import { otherKind } from './documents.ts';
import { gapFindings } from './gaps.ts';
import { type Node, YamlProblem } from './node.ts';
import { type Finding, type Gap, type Locate, type Problem, problemFrom } from './problem.ts';
import { type Supply, takeSecrets } from './references.ts';
import { ruleFindings } from './rules/all.ts';
import { type Group, groupSchema } from './schema/group.ts';
import { type Places, Understanding } from './understand.ts';
import { readYaml } from './yaml.ts';

/** More is no container group. Checked before the text is looked at. */
export const MAX_BYTES = 1_048_576;

/** What a text was understood as: a group exactly when no problem is an error. */
export interface Reading {
  readonly problems: readonly Problem[];
  readonly group?: Group;
}

export interface ReadOptions {
  /** Named in problems. */
  readonly file?: string;
  /** What the chosen engine cannot do yet. */
  readonly gaps?: readonly Gap[];
  /** What takes the places of references to secrets and of sealed ones; without it they stay as they are. */
  readonly supply?: Supply;
}

/** Reads the text of a containergroup.yaml as ACI reads it, and finds every problem at once. Never throws. */
export function readGroup(
  text: string,
  { file = 'containergroup.yaml', gaps = [], supply }: ReadOptions = {},
): Reading {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const size = Buffer.byteLength(source);
  if (size > MAX_BYTES) {
    const message = `The file has ${size.toLocaleString('en')} bytes; a container group may have ${MAX_BYTES.toLocaleString('en')} (1 MiB).`;
    return refused(
      { code: 'file-too-large', path: '', message, advice: 'Data belongs into an image or a volume.' },
      file,
      () => ({ line: 1, column: 1 }),
    );
  }
  const lines = new Lines(source);
  let root: Node;
  try {
    root = readYaml(source);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const { code, message, advice, offset } = error;
    return refused({ code, path: '', message, advice }, file, () => lines.place(offset));
  }
  const wrongKind = otherKind(root);
  if (wrongKind)
    return refused({ code: 'wrong-document', path: '', ...wrongKind }, file, () => lines.place(root.start));
  return understood(root, lines, { file, gaps, supply });
}

/** Where a property stands in the text of a group, or what is written nearest around it. Never throws. */
export function placeOf(text: string, path: string): ReturnType<Locate> {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  try {
    const root = readYaml(source);
    const understanding = new Understanding();
    understanding.read(groupSchema, root, '');
    return new Lines(source).placeOf(understanding.places, root, { path });
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    return { line: 1, column: 1 };
  }
}

function refused(finding: Finding, file: string, locate: Locate): Reading {
  return { problems: [problemFrom(finding, file, locate)] };
}

function understood(
  root: Node,
  lines: Lines,
  { file, gaps, supply }: { file: string; gaps: readonly Gap[]; supply: Supply | undefined },
): Reading {
  const understanding = new Understanding();
  const value = understanding.read(groupSchema, root, '');
  // The table has checked every property, so what is complete has the table's type, and keeps it when secrets are put in.
  const read = understanding.complete ? (value as Group) : undefined;
  const taken = read && supply ? takeSecrets(read, supply) : { group: read, findings: [] };
  const [group, missing] = [taken.group as Group | undefined, taken.findings];
  const findings = together(
    [...understanding.findings, ...missing],
    group ? ruleFindings(group) : [],
    gapFindings(understanding.places, gaps),
  );
  const locate: Locate = (finding) => lines.placeOf(understanding.places, root, finding);
  const problems = findings
    .map((finding) => problemFrom(finding, file, locate))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return group && !findings.some(isError) ? { problems, group } : { problems };
}

/** One mistake is told once: no rule about a value that is wrong by itself, no warning where the engine does nothing. */
function together(own: readonly Finding[], rules: readonly Finding[], gaps: readonly Finding[]): Finding[] {
  const wrong = new Set(own.filter(isError).map(({ path }) => path));
  const undone = new Set(gaps.map(({ path }) => path));
  return [
    ...own,
    ...rules.filter((rule) => !wrong.has(rule.path) && (isError(rule) || !undone.has(rule.path))),
    ...gaps,
  ];
}

function isError(finding: Finding): boolean {
  return finding.severity !== 'warning';
}

/** Offsets to lines and columns. */
class Lines {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  place(offset: number): { line: number; column: number } {
    const at = Math.max(0, Math.min(offset, this.#text.length));
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (this.#starts[low] ?? 0) + 1 };
  }

  /** The place of a path, or of the nearest property around it that is written. */
  placeOf(places: Places, root: Node, { path, atKey, at }: Parameters<Locate>[0]): ReturnType<Locate> {
    if (at) return this.span(at);
    for (let around = path; around; around = outside(around)) {
      const place = places.get(around);
      if (!place) continue;
      const { key, value } = place;
      const nothing = value.kind !== 'scalar' || value.start >= value.end;
      return this.span(key && (atKey || around !== path || nothing) ? key : value);
    }
    return this.place(root.start);
  }

  /** A scalar in one line has an end, too. */
  span(node: Node): ReturnType<Locate> {
    const start = this.place(node.start);
    const end = this.place(node.end);
    const whole = node.kind === 'scalar' && end.line === start.line && end.column > start.column;
    return whole ? { ...start, endColumn: end.column } : start;
  }
}

/** `a.b[0]` -> `a.b` -> `a` -> nothing. */
function outside(path: string): string {
  const cut = path.replace(/(\.[^.[]*|\[\d+\])$/, '');
  return cut === path ? '' : cut;
}
