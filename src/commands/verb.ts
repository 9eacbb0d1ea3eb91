import type { Right } from '../policy/index.ts';

/** One verb of the grammar. Parser, help, docs/commands.md and the API all read this, and nothing else. */
export interface Verb {
  readonly name: string;
  readonly aliases: readonly string[];
  /** One sentence, without a full stop. */
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  /** null: works without a bot, for anybody. */
  readonly right: Right | null;
  /** Where it may be said. `local` verbs run in the command line itself. */
  readonly surfaces: readonly ('local' | 'cli' | 'git')[];
  /** Whether it changes what runs. */
  readonly mutating: boolean;
  readonly examples: readonly string[];
}

export interface Argument {
  readonly name: 'group' | 'files' | 'topic' | 'action' | 'caller';
  readonly required: boolean;
  readonly repeated: boolean;
  readonly says: string;
}

export interface Option {
  readonly name: string;
  readonly letter?: string;
  readonly type: 'flag' | 'number' | 'text';
  readonly says: string;
  /** The closed set of values of a text option. */
  readonly values?: readonly string[];
}

/** `[group] [in ENVIRONMENT]`: the argument of every verb that looks at what runs. */
export const GROUP: Argument = {
  name: 'group',
  required: false,
  repeated: false,
  says: 'a group, or group/container; `in ENVIRONMENT` names another environment than production',
};

export const JSON_OPTION: Option = { name: 'json', type: 'flag', says: 'print one JSON document instead of text' };
