import type { Secret } from '../secrets/index.ts';

// The words in which the schema is written. One table made of them gives the type, the check, the editor's JSON Schema,
// the reference page and what a change does to a group that runs.

/** What a change of the property does to a group that runs. */
export type ChangeEffect = 'in-place' | 'restart' | 'replace';

/** What is said of every property. */
export interface About {
  /** What it is, in one sentence. */
  readonly says: string;
  readonly example?: string;
  /** Other names that ACI's own samples and tools use. Case never matters anyway. */
  readonly aliases?: readonly string[];
  /** The ACI API version that brought it. */
  readonly since?: string;
  /** Inherited by everything inside, unless it says something itself. */
  readonly effect?: ChangeEffect;
  /** ACI's code when the value is wrong; otherwise a code of our own. */
  readonly code?: string;
}

type Presence = 'required' | 'optional' | 'default';

interface Base<T, P extends Presence> {
  readonly about: About;
  readonly presence: P;
  readonly fallback?: T;
  /** ACI's code when a required one is missing; InvalidRequestContent where nothing is said. */
  readonly missing?: string;
  /** Never there at run time: it carries the type of the value. */
  readonly type?: T;
}

interface TextRules {
  readonly pattern?: RegExp;
  /** Completes "expected …". */
  readonly expected?: string;
  readonly most?: number;
}

interface NumberRules {
  readonly least?: number;
  readonly most?: number;
}

export type Field<T = unknown, P extends Presence = Presence> = Base<T, P> &
  (
    | { readonly kind: 'text'; readonly secret: boolean; readonly rules: TextRules }
    | { readonly kind: 'number'; readonly whole: boolean; readonly rules: NumberRules }
    | { readonly kind: 'flag' }
    | { readonly kind: 'choice'; readonly values: readonly string[] }
    | {
        readonly kind: 'list';
        readonly item: Field;
        /** One entry may be written without the list around it. */
        readonly lone?: boolean;
      }
    | { readonly kind: 'map'; readonly value: Field; readonly most?: number }
    | { readonly kind: 'object'; readonly fields: Fields; readonly inner?: Fields }
    | { readonly kind: 'names' }
    /** Tolerated and dropped: what ACI writes into exports, or what cannot mean anything here. */
    | { readonly kind: 'ignored' }
  );

export type Fields = { readonly [name: string]: Field };

export function text(about: About, rules: TextRules = {}): Field<string, 'optional'> {
  return { kind: 'text', secret: false, rules, about, presence: 'optional' };
}

/** Text that becomes a Secret: it is never shown, logged or compared in the clear. */
export function secretText(about: About, rules: TextRules = {}): Field<Secret, 'optional'> {
  return { kind: 'text', secret: true, rules, about, presence: 'optional' };
}

export function decimal(about: About, rules: NumberRules = {}): Field<number, 'optional'> {
  return { kind: 'number', whole: false, rules, about, presence: 'optional' };
}

export function integer(about: About, rules: NumberRules = {}): Field<number, 'optional'> {
  return { kind: 'number', whole: true, rules, about, presence: 'optional' };
}

export function flag(about: About): Field<boolean, 'optional'> {
  return { kind: 'flag', about, presence: 'optional' };
}

/** One of a closed set, in any case; the value is given as written here. */
export function choice<const V extends string>(values: readonly V[], about: About): Field<V, 'optional'> {
  return { kind: 'choice', values, about, presence: 'optional' };
}

/** Lists and maps that are not written are empty. */
export function list<T>(item: Field<T>, about: About, shape: { lone?: boolean } = {}): Field<T[], 'default'> {
  return { kind: 'list', item, about, presence: 'default', fallback: [], ...shape };
}

export function map<T>(
  value: Field<T>,
  about: About,
  limits: { most?: number } = {},
): Field<Record<string, T>, 'default'> {
  return { kind: 'map', value, about, presence: 'default', fallback: {}, ...limits };
}

/** A map of which only the names matter, such as ids with empty objects behind them. */
export function names(about: About): Field<string[], 'default'> {
  return { kind: 'names', about, presence: 'default', fallback: [] };
}

export function object<F extends Fields>(fields: F, about: About): Field<Understood<F>, 'optional'> {
  return { kind: 'object', fields, about, presence: 'optional' };
}

/** ACI's `{ name, properties: { … } }`: understood as one flat object. */
export function envelope<F extends Fields, G extends Fields>(
  fields: F,
  inner: G,
  about: About,
): Field<Understood<F> & Understood<G>, 'optional'> {
  return { kind: 'object', fields, inner, about, presence: 'optional' };
}

/** With a code, ACI refuses it under this code: a warning. */
export function ignored(
  says: string,
  more: { aliases?: readonly string[]; code?: string } = {},
): Field<never, 'optional'> {
  return { kind: 'ignored', about: { says, ...more }, presence: 'optional' };
}

export function required<T>(field: Field<T>, missing = 'InvalidRequestContent'): Field<T, 'required'> {
  const { fallback: _, ...rest } = field;
  return { ...rest, presence: 'required', missing };
}

export function withDefault<T>(field: Field<T>, fallback: T): Field<T, 'default'> {
  return { ...field, presence: 'default', fallback };
}

/** A list that may be told from an empty one by not being there. */
export function optional<T>(field: Field<T>): Field<T, 'optional'> {
  const { fallback: _, ...rest } = field;
  return { ...rest, presence: 'optional' };
}

type ValueOf<F> = F extends Field<infer T> ? T : never;
type NamesOf<F extends Fields, P extends Presence> = {
  [Name in keyof F]: F[Name] extends Field<never> ? never : F[Name] extends Base<unknown, P> ? Name : never;
}[keyof F];

/** The understood value of an object: required and defaulted properties are there, optional ones may be missing. */
export type Understood<F extends Fields> = {
  -readonly [Name in NamesOf<F, 'required' | 'default'>]: ValueOf<F[Name]>;
} & {
  -readonly [Name in NamesOf<F, 'optional'>]?: ValueOf<F[Name]>;
};

/** The type that a field's value has once it is understood. */
export type Infer<F> = ValueOf<F>;
