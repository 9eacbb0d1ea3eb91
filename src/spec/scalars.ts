import { Secret } from '../secrets/index.ts';
import type { Field } from './field.ts';
import { nearestWord } from './nearest.ts';
import type { Node } from './node.ts';
import type { Finding } from './problem.ts';
import { nameIn, quoted, wrongValue } from './words.ts';

/** What a single value was read as. A value beside a problem has the right type at least, so rules can look at it. */
export interface ScalarReading {
  readonly value?: unknown;
  readonly problem?: Finding;
}

type Of<K extends Field['kind']> = Extract<Field, { kind: K }>;

export function readText({ secret, rules, about }: Of<'text'>, node: Node, path: string): ScalarReading {
  if (node.kind !== 'scalar') return { problem: wrongValue(path, 'text', node, { secret }) };
  const { pattern, expected = 'another text', most } = rules;
  const value = secret ? new Secret(node.text) : node.text;
  const fits = (!pattern || pattern.test(node.text)) && (most === undefined || node.text.length <= most);
  if (fits) return { value };
  return {
    value,
    problem: wrongValue(path, expected, node, { code: about.code ?? 'invalid-value', secret }),
  };
}

export function readNumber({ whole, rules, about }: Of<'number'>, node: Node, path: string): ScalarReading {
  const { least, most } = rules;
  const expected = `a ${whole ? 'whole ' : ''}number${rangeOf(least, most)}`;
  const isNumber = node.kind === 'scalar' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(node.text);
  const value = isNumber ? Number(node.text) : Number.NaN;
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value)))
    return { problem: wrongValue(path, expected, node) };
  if (value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (most ?? Number.POSITIVE_INFINITY))
    return { value };
  return { value, problem: wrongValue(path, expected, node, { code: about.code ?? 'value-out-of-range' }) };
}

function rangeOf(least: number | undefined, most: number | undefined): string {
  if (most !== undefined) return ` from ${least ?? 0} to ${most}`;
  return least === undefined ? '' : ` of at least ${least}`;
}

export function readFlag(node: Node, path: string): ScalarReading {
  const word = node.kind === 'scalar' ? node.text.trim().toLowerCase() : '';
  if (['true', 'yes', 'on'].includes(word)) return { value: true };
  if (['false', 'no', 'off'].includes(word)) return { value: false };
  return { problem: wrongValue(path, 'true or false', node) };
}

export function readChoice({ values, about }: Of<'choice'>, node: Node, path: string): ScalarReading {
  const expected = values.length > 2 ? `one of ${values.join(', ')}` : values.join(' or ');
  if (node.kind !== 'scalar') return { problem: wrongValue(path, expected, node) };
  const plain = (text: string) => text.toLowerCase().replace(/\s/g, '');
  const value = values.find((each) => plain(each) === plain(node.text));
  if (value !== undefined) return { value };
  const near = nearestWord(node.text, values);
  const problem = {
    code: about.code ?? 'InvalidRequestContent',
    path,
    message: `${nameIn(path)} is ${quoted(node.text)}; expected ${expected}.`,
    advice: near ? `Did you mean ${near}?` : `Write ${expected}.`,
  };
  return { problem };
}
