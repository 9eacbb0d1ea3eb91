import type { GroupKey } from '../event.ts';

// What a group is asked while it runs, and the answer that goes on: logs, programs, connections.

export interface LogRequest {
  readonly key: GroupKey;
  /** All members when absent. */
  readonly container?: string;
  /** The id of the one member that is meant, where several had the same name. */
  readonly member?: string;
  /** The last lines of each member; all when absent. */
  readonly tail?: number;
  readonly follow: boolean;
  /**
   * For a follower that keeps what it reads: one that is too slow is ended rather than given a log with holes. New members are
   * seen within ten seconds rather than one.
   */
  readonly whole?: boolean;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** As of an `ExecRequest`; the lines of all sandboxes when absent. */
  readonly upTo?: number;
}

export interface ExecRequest {
  readonly key: GroupKey;
  readonly container: string;
  /** Of several sandboxes the newest of this revision or an earlier one is meant (`meant`); any when absent. */
  readonly upTo?: number;
  readonly command: readonly string[];
  readonly input: boolean;
  readonly terminal?: TerminalSize;
}

export interface AttachRequest {
  readonly key: GroupKey;
  readonly container: string;
  readonly upTo?: number;
  readonly input: boolean;
}

export interface DialRequest {
  readonly key: GroupKey;
  readonly upTo?: number;
  readonly port: number;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface Session {
  /** Resolves once the program runs or has ended: a busy engine takes its time before it starts one. */
  begun(): Promise<void>;
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>;
  write(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  resize(size: TerminalSize): Promise<void>;
  readonly exitCode: Promise<number>;
  close(): void;
}
