/** What a pretend Slack remembers. */
import type { Clock } from '../../../src/clock.ts';

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly botId: string;
  readonly botUser: string;
}

export interface User {
  readonly id: string;
  readonly team: string;
  readonly name: string;
  readonly is?: 'guest' | 'bot' | 'deactivated';
}

// biome-ignore lint/suspicious/noExplicitAny: blocks are checked by the schema of Block Kit, and looked into by tests
type Json = any;

export interface Message {
  readonly channel: string;
  readonly ts: string;
  text: string;
  blocks: readonly Json[];
  readonly user: string;
  readonly thread: string;
  readonly aloud: boolean;
  /** How often it was edited. */
  edits: number;
  /** Every text that it had. */
  readonly texts: string[];
}

export interface Ephemeral {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly Json[];
  readonly thread: string;
  readonly by: 'api' | 'response_url';
}

export interface Channel {
  readonly id: string;
  readonly team: string;
  readonly messages: Message[];
  hasBot: boolean;
}

export interface View {
  readonly id: string;
  readonly team: string;
  readonly user: string;
  view: Json;
  open: boolean;
}

export interface Upload {
  readonly id: string;
  readonly name: string;
  data: Buffer;
  alt: string;
  channel: string;
  thread: string;
}

export interface State {
  readonly clock: Clock;
  readonly teams: Map<string, Team>;
  readonly users: Map<string, User>;
  readonly channels: Map<string, Channel>;
  readonly ephemerals: Ephemeral[];
  readonly views: Map<string, View>;
  readonly homes: Map<string, Json>;
  readonly uploads: Map<string, Upload>;
  /** Trigger ids, and when they were given. */
  readonly triggers: Map<string, { readonly atMs: number; readonly user: string; readonly team: string }>;
  readonly responseUrls: Map<
    string,
    { readonly atMs: number; uses: number; readonly channel: string; readonly user: string }
  >;
  /** What was asked, in order. */
  readonly requests: {
    readonly method: string;
    readonly atMs: number;
    readonly answer: string;
    readonly channel: string;
  }[];
  next(prefix: string): string;
  ts(): string;
}

export function createState(clock: Clock): State {
  let [count, lastMs] = [0, 0];
  return {
    clock,
    teams: new Map(),
    users: new Map(),
    channels: new Map(),
    ephemerals: [],
    views: new Map(),
    homes: new Map(),
    uploads: new Map(),
    triggers: new Map(),
    responseUrls: new Map(),
    requests: [],
    next: (prefix) => `${prefix}${String(++count).padStart(8, '0')}`,
    ts() {
      lastMs = Math.max(lastMs + 1, clock.now());
      return `${Math.floor(lastMs / 1000)}.${String(lastMs % 1000).padStart(3, '0')}${String(++count % 1000).padStart(3, '0')}`;
    },
  };
}
