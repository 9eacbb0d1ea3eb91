import * as z from 'zod';
import { type Located, readLocated } from './located.ts';
import { nearestWord } from './nearest.ts';
import type { Problem } from './problem.ts';

/** A document as its schema understands it, or all that keeps it from being understood. */
export interface Described<Value> {
  readonly value?: Value;
  readonly problems: readonly Problem[];
}

/**
 * Reads a YAML document that a schema describes, such as settings or the rules of a repository. Every mistake comes with its
 * place, in words, and with what to write instead; `page` is where all of it is shown. Nothing written is `{}`. Never throws.
 */
export function readDescribed<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  { file, code, page }: { readonly file: string; readonly code: string; readonly page: string },
): Described<z.infer<Schema>> {
  const located = text.replace(/#.*$/gm, '').trim() ? readLocated(text, file) : NOTHING;
  if ('severity' in located) return { problems: [located] };
  const parsed = schema.safeParse(located.value ?? {}, { reportInput: true });
  if (parsed.success) return { value: parsed.data, problems: [] };
  const known = namesIn(schema);
  const mistakes = parsed.error.issues.flatMap(meant).flatMap((issue) => mistakesIn(issue, known));
  const problems = mistakes.map(
    ({ path, message, advice, atKey = false }): Problem => ({
      severity: 'error',
      code,
      own: true,
      file,
      path: path.join('.'),
      message: sentence(path.join('.') || 'the file', message),
      advice: advice ?? `${page} shows what may stand here.`,
      ...located.place(path, atKey),
    }),
  );
  return { problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function sentence(place: string, message: string): string {
  return `${place}: ${message}${/[.?]$/.test(message) ? '' : '.'}`;
}

const NOTHING: Located = { value: {}, place: () => ({ line: 1, column: 1 }) };

type Path = readonly PropertyKey[];

/** Where, and what is said after that place and a colon. */
interface Mistake {
  readonly path: Path;
  readonly message: string;
  readonly advice?: string;
  readonly atKey?: boolean;
}

/** Of something that may be written in several ways, what is wrong in the way that was meant. */
function meant(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const branch =
    issue.errors.find((inside) => inside.every(({ path }) => path.length > 0)) ?? issue.errors[0] ?? [];
  return branch.flatMap((inner) => meant({ ...inner, path: [...issue.path, ...inner.path] }));
}

function mistakesIn(issue: z.core.$ZodIssue, known: (path: Path) => readonly string[]): Mistake[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknown([...path, key], key, known(path)));
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message, atKey: true }));
    case 'invalid_value':
      return [choice(path, issue)];
    case 'invalid_type':
      return [{ path, ...wrongKind(issue) }];
    case 'too_small':
      return [
        {
          path,
          message: isPlain(issue)
            ? `expected ${amount(issue.minimum, issue.origin)} at least`
            : issue.message,
        },
      ];
    case 'too_big':
      return [
        {
          path,
          message: isPlain(issue) ? `expected ${amount(issue.maximum, issue.origin)} at most` : issue.message,
        },
      ];
    default:
      return [{ path, message: issue.message }];
  }
}

function unknown(path: Path, key: string, known: readonly string[]): Mistake {
  const near = nearestWord(key, known);
  return {
    path,
    message: 'not known',
    advice: near ? `Did you mean ${near}?` : `Known here: ${known.join(', ')}.`,
    atKey: true,
  };
}

function choice(path: Path, { values, input, message }: z.core.$ZodIssueInvalidValue): Mistake {
  if (!/^Invalid (option|input): expected /.test(message)) return { path, message };
  const words = values.map(String);
  const near = typeof input === 'string' ? nearestWord(input, words) : undefined;
  return {
    path,
    message: 'none of the words that it may be',
    advice: `Write ${words.join(' or ')}${near ? `; did you mean ${near}?` : '.'}`,
  };
}

function wrongKind({ expected, input, message }: z.core.$ZodIssueInvalidType): {
  message: string;
  advice?: string;
} {
  if (!message.startsWith('Invalid input: expected ')) return { message };
  const kind = KINDS[expected] ?? expected;
  if (input === undefined || input === null) return { message: `missing; expected ${kind}` };
  const given = KINDS[Array.isArray(input) ? 'array' : typeof input] ?? typeof input;
  return { message: `expected ${kind}, found ${given}` };
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list (- one - another)',
  object: 'a map (name: value)',
  record: 'a map (name: value)',
};

/** The library's own words, where the schema has none of its own. */
function isPlain({ message }: z.core.$ZodIssue): boolean {
  return /^Too (small|big): /.test(message);
}

function amount(count: unknown, origin: string): string {
  return origin === 'string'
    ? `${count} characters`
    : origin === 'number' || origin === 'int'
      ? `${count}`
      : `${count} entries`;
}

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

/** The names that may stand at a place of the document. */
function namesIn(schema: z.ZodType): (path: Path) => readonly string[] {
  let shape: Shape | undefined;
  return (path) => {
    shape ??= z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
    return namesAt(shape, path);
  };
}

function namesAt(shape: Shape, [first, ...rest]: Path): string[] {
  const ways = shape.anyOf ? [shape, ...shape.anyOf] : [shape];
  return ways.flatMap((way) => {
    if (first === undefined) return Object.keys(way.properties ?? {});
    const below =
      typeof first === 'number' ? way.items : (way.properties?.[String(first)] ?? way.additionalProperties);
    return below && typeof below === 'object' ? namesAt(below, rest) : [];
  });
}
