import type { Problem } from '../spec/index.ts';

/** What the bot says, before a surface draws it: a few plain blocks, drawn the same way everywhere. */
export type Block =
  | { kind: 'heading'; text: string }
  /** One stage of a long command, such as `✔ start  2/2 running  0.41 s`. */
  | { kind: 'stage'; mark: Mark; label: string; text: string; tookMs?: number }
  /** `cost : $0.0000030 so far`. */
  | { kind: 'field'; label: string; text: string }
  /** A line that came from outside, such as a log line; surfaces neutralise it. */
  | { kind: 'log'; source: string; text: string }
  | { kind: 'problem'; problem: Problem; excerpt: string }
  | { kind: 'table'; columns: readonly string[]; rows: readonly (readonly string[])[] }
  | { kind: 'text'; text: string }
  /** A whole document, line by line as it is, to be kept in a file. */
  | { kind: 'verbatim'; text: string }
  | { kind: 'blank' };

export type Mark = 'done' | 'failed' | 'warning' | 'running' | 'skipped';

/** How every command ends, whether it worked or not. `blocks` is what is still to be said. */
export interface Outcome {
  /** `waiting`: nothing is done yet; it goes on by itself when somebody has approved it, or when it is time. */
  readonly kind: 'done' | 'waiting' | 'refused' | 'invalid' | 'failed';
  /** Stable, such as `deployed`, `locked`, `image-not-found`. */
  readonly code: string;
  readonly blocks: readonly Block[];
  /** The same facts for programs; what `--json` prints. Never holds a secret. */
  readonly data: unknown;
}
