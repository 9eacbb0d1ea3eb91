import type { Money } from '../metering/index.ts';
import { holds } from './places.ts';

/** What a channel can be told of, apart from a price that is too high. */
export const TOLD = ['deploying', 'deployed', 'failed', 'removed', 'approval'] as const;
export type Told = (typeof TOLD)[number];

/** A channel of a workspace. */
export interface Channel {
  readonly team: string;
  readonly channel: string;
}

/** What a channel wants to hear of. */
export interface Filters {
  /** Names, or patterns with `*`. */
  readonly environments: readonly string[];
  readonly on: readonly Told[];
  /** Tells when an environment costs more than that an hour, in whole pico-units; null: never. */
  readonly abovePicosPerHour: bigint | null;
}

/** A channel that hears of a repository. There is one for each channel and repository. */
export interface Subscription extends Channel, Filters {
  readonly repository: string;
  /** Who asked for it. */
  readonly by: string;
  readonly atMs: number;
}

export interface SubscriptionBook {
  /** In place of an earlier one of the channel and the repository. */
  put(subscription: Subscription): Promise<void>;
  /** Gives false when there was none. */
  remove(channel: Channel, repository: string): Promise<boolean>;
  /** By repository. */
  of(channel: Channel): Promise<Subscription[]>;
  about(repository: string): Promise<Subscription[]>;
}

/** Something that has happened to what a repository runs in an environment. */
export interface Change {
  readonly repository: string;
  readonly environment: string;
  /** `rate`: nothing but the price is another. */
  readonly what: Told | 'rate';
  /** How the deploy before this one ended there; undefined for the first, and for what is no end of a deploy. */
  readonly before?: 'deployed' | 'failed' | undefined;
  /** What the environment costs an hour, now and before. */
  readonly perHour: Money;
  readonly perHourBefore: Money;
}

/**
 * Whether a channel is told of a change. A failure is told once a streak; the deploy that ends the streak is told to those who
 * heard of the failure. A price is told when it rises over the limit, and not again while it stays there. Pure.
 */
export function shouldTell(
  subscription: Filters & Pick<Subscription, 'repository'>,
  change: Change,
): boolean {
  const { repository, environments, on, abovePicosPerHour: limit } = subscription;
  if (repository !== change.repository || !holds(environments, change.environment)) return false;
  const rises = limit !== null && change.perHour.picos > limit && change.perHourBefore.picos <= limit;
  if (rises) return true;
  switch (change.what) {
    case 'rate':
      return false;
    case 'failed':
      return on.includes('failed') && change.before !== 'failed';
    case 'deployed':
      return on.includes('deployed') || (on.includes('failed') && change.before === 'failed');
    default:
      return on.includes(change.what);
  }
}
