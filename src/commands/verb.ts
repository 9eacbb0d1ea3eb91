import type { Caller, Right } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import type { Ground } from './ground.ts';

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

/** A command as typed values; what could not be understood never becomes one. */
export interface Command {
  readonly verb: Verb;
  /** Group, files, topic ... as the verb's table says; in the order given. */
  readonly words: readonly string[];
  /** Only for verbs that take a group. */
  readonly target?: Target;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

export interface Target {
  readonly name: string;
  readonly container?: string;
  readonly environment: string;
}

/** What a verb does: yields what to say as it happens, and ends in an outcome. */
export type RunVerb = (
  ground: Ground,
  command: Command,
  caller: Caller,
  signal: AbortSignal,
) => AsyncGenerator<Block, Outcome>;

/** `[group] [in ENVIRONMENT]`: the argument of every verb that looks at what runs. */
export const GROUP: Argument = {
  name: 'group',
  required: false,
  repeated: false,
  says: 'a group, or group/container; `in ENVIRONMENT` names another environment than production',
};

export const JSON_OPTION: Option = {
  name: 'json',
  type: 'flag',
  says: 'print one JSON document instead of text',
};
