import { EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';
import { YamlProblem } from './node.ts';

const DEEPEST_TEXT = 100;

/** What the text consists of, in its order. Throws a YamlProblem that quotes nothing: a secret may stand there. */
export function eventsOf(text: string): Event[] {
  const nul = text.indexOf('\0');
  if (nul >= 0)
    throw new YamlProblem('yaml-syntax', 'The file holds a NUL byte.', nul, 'Save it as UTF-8 text.');
  try {
    return parseEvents(text, { maxDepth: DEEPEST_TEXT });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw syntaxProblem(text, error.reason, error.mark?.position ?? 0);
  }
}

function syntaxProblem(text: string, reason: string, offset: number): YamlProblem {
  if (/maxDepth/.test(reason)) return tooDeep(DEEPEST_TEXT, offset);
  if (/^tag |tag handle|tag suffix|tag prefix/.test(reason))
    return tagProblem(text.slice(0, offset).search(/[^\s,[\]{}]*$/));
  const advice = /\btabs?\b/i.test(reason)
    ? 'Indent with blanks.'
    : /non-printable/.test(reason)
      ? 'Save it as UTF-8 text.'
      : 'Check indentation, colons and quotes around here.';
  return new YamlProblem('yaml-syntax', `This is not valid YAML: ${reason}.`, offset, advice);
}

export function tooDeep(levels: number, offset: number): YamlProblem {
  return new YamlProblem(
    'too-deep',
    `Nested deeper than ${levels} levels.`,
    offset,
    'A container group nests about ten levels deep.',
  );
}

export function tagProblem(offset: number): YamlProblem {
  return new YamlProblem(
    'yaml-tag',
    'This ! begins a tag of YAML; tags of programming languages are not read.',
    offset,
    'Put the value in quotes if the ! belongs to it, or remove the tag.',
  );
}

/** `!!str null` is a text; other plain tags change nothing. */
export function isTextTag(tag: string): boolean {
  return tag === '!!str';
}

export function isPlainTag(tag: string): boolean {
  return /^!!(str|int|float|bool|null|map|seq)$/.test(tag);
}

export function startOf(event: Event): number {
  if ('start' in event) return Math.max(0, event.start);
  if ('valueStart' in event) return Math.max(0, event.valueStart);
  return 'anchorStart' in event ? Math.max(0, event.anchorStart) : 0;
}

export function isNothing(event: Event): boolean {
  return event.type === EVENT_ID.SCALAR && event.valueStart < 0;
}
