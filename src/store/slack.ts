import type { Secret } from '../secrets/index.ts';
import type { Waits } from './waits.ts';

/** What is known of Slack: workspaces, what people ask there, messages that are edited, and what their buttons do. */
export interface SlackBook {
  readonly teams: SlackTeamBook;
  readonly asks: SlackAskBook;
  readonly rooms: RoomBook;
  readonly buttons: ButtonBook;
  /** False when this was begun before, by a process that died before it knew the end. */
  attempt(account: string, key: string, atMs: number): Promise<boolean>;
  /** It did certainly not happen. */
  withdraw(account: string, key: string): Promise<void>;
  /** Forgets what was answered, finished or used before then. */
  forget(beforeMs: number): Promise<void>;
}

/** Workspaces that the app is installed in; their tokens lie sealed. */
export interface SlackTeamBook {
  get(id: string): Promise<SlackTeam | undefined>;
  all(): Promise<SlackTeam[]>;
  put(team: SlackTeam): Promise<void>;
  remove(id: string): Promise<void>;
  /** Keeps what an installation has to come back with. */
  begin(state: string, atMs: number): Promise<void>;
  /** True once for each state that began after then. */
  finish(state: string, sinceMs: number): Promise<boolean>;
}

export interface SlackTeam {
  /** Such as `T0123`. */
  readonly id: string;
  /** '' for a workspace that belongs to no grid. */
  readonly enterprise: string;
  readonly name: string;
  readonly botToken: Secret;
  readonly botId: string;
  /** The bot as a user, such as `U0456`. */
  readonly botUser: string;
  readonly installedAtMs: number;
}

/** What people ask, kept until it is answered. */
export interface SlackAskBook {
  /** False for what is kept already. */
  ask(ask: SlackAsk): Promise<boolean>;
  /** Asked, and not answered yet, oldest first. */
  unanswered(): Promise<SlackAsk[]>;
  /** Keeps it as it goes on, while it is not answered: what is left of it, and what it waits for. */
  keep(ask: SlackAsk): Promise<void>;
  answered(id: string): Promise<void>;
}

/** Somebody in Slack. A user's id is unique in its own workspace only, which is not always the one where they speak. */
export interface SlackUser {
  readonly team: string;
  readonly user: string;
}

export interface SlackAsk {
  /** Such as `mention:T0123:C0456:1700000000.000100`; the same words under the same id are asked once. */
  readonly id: string;
  /** The workspace in which it was said. */
  readonly team: string;
  readonly user: SlackUser;
  readonly channel: string;
  /** The message under which it is answered; '' for none. */
  readonly thread: string;
  readonly lines: readonly string[];
  /** Where one answer goes that only this person sees; '' for none. */
  readonly responseUrl: string;
  /** The message that it is about, by its key in the book of rooms; '' for none. */
  readonly room: string;
  /** The button that was pressed; '' for words. */
  readonly button: string;
  readonly saidAtMs: number;
  readonly receivedAtMs: number;
  /** What its first line waits for; lines that were done before are gone from `lines`. */
  readonly waits?: Waits;
}

/** Messages that stand for a deploy and are edited as it goes on. */
export interface RoomBook {
  get(key: string): Promise<Room | undefined>;
  put(room: Room): Promise<void>;
  /** Where Slack has put the message. */
  locate(key: string, ts: string): Promise<void>;
  /** The room whose message that is. */
  at(team: string, channel: string, ts: string): Promise<Room | undefined>;
  /** Those of which something may still happen. */
  open(): Promise<Room[]>;
}

/** One message in a channel, for one deploy of a repository to an environment; what is told of it stands in its thread. */
export interface Room {
  readonly key: string;
  readonly team: string;
  readonly channel: string;
  /** '' until the message is there. */
  readonly ts: string;
  readonly repository: string;
  readonly environment: string;
  /** Names of the groups that came up. */
  readonly groups: readonly string[];
  readonly commit: string;
  /** The pull request; 0 for none. */
  readonly pull: number;
  /** What the commit or the pull request is called. */
  readonly title: string;
  /** Who asked: `slack:U123` or another caller's name. */
  readonly by: string;
  readonly atMs: number;
  readonly state: RoomState;
  /** What has to be approved for it, or had to be. */
  readonly proposal?: string;
  /** What failed, such as `image-not-found`; '' otherwise. */
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  /** Who or what stopped or removed it, or the commit that took its place. */
  readonly endedBy: string;
  /** The line that asks for the same again; '' for none. */
  readonly again: string;
  /** How often this was deployed here, and how often that failed. */
  readonly deploys: number;
  readonly failed: number;
  /** Whether the channel was told that it fails, since it last was well. */
  readonly alarmed: boolean;
  /** When it came up or failed, epoch ms; 0 before. */
  readonly endedAtMs: number;
  /** Nothing more will happen to it: its deploy was overtaken, or what it brought up is gone. */
  readonly finished: boolean;
}

export type RoomState =
  | 'acknowledged'
  | 'waiting'
  | 'deploying'
  | 'deployed'
  | 'failed'
  | 'cancelled'
  | 'rejected'
  | 'withdrawn'
  | 'expired'
  | 'removing'
  | 'removed'
  | 'superseded';

/** What buttons do. A button in a message is only a name of a row here. */
export interface ButtonBook {
  /** Those of a message that can still be used. */
  of(room: string, nowMs: number): Promise<Button[]>;
  put(button: Button): Promise<void>;
  get(id: string): Promise<Button | undefined>;
  /** True for the first alone. */
  use(id: string, atMs: number): Promise<boolean>;
  /** It may be used again: what it was used for did not happen. */
  free(id: string): Promise<void>;
}

export interface Button {
  readonly id: string;
  readonly room: string;
  readonly deed: string;
  /** The only person who may press it; '' when that is decided by rights alone. */
  readonly actor: string;
  /** The commands that it stands for. */
  readonly lines: readonly string[];
  readonly commit: string;
  readonly environment: string;
  /** What it was shown with; pressed with anything else, it does nothing. */
  readonly stamp: string;
  readonly expiresAtMs: number;
  readonly used: boolean;
}
