import { within } from '../clock.ts';
import type { EngineFacts } from '../engines/index.ts';
import { Failure } from '../failure.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Ground, Host } from './ground.ts';

/** Longer than this and an engine counts as away: nobody who deploys is to hang on it. */
export const ENGINE_TIMEOUT_MS = 10_000;

/** Where a group runs. Throws a Failure `location-unknown` when its host has left the settings, and `no-room` while it waits for one. */
export function hostOf(ground: Ground, { host }: Pick<Wish, 'host'>): Host {
  const found = ground.hosts[host];
  if (found) return found;
  if (!host) {
    throw new Failure('no-room', 'The group waits for room; nothing of it runs yet.', {
      advice: 'It is placed by itself as soon as a host has room: katabot status shows it then.',
    });
  }
  throw new Failure('location-unknown', `The host ${host} is no longer in the settings.`, {
    advice: 'Put it back into the settings.',
  });
}

/** The machine behind a group; for one that waits for room, the first that it could go to. Throws a Failure `engine-unreachable`. */
export async function factsOf(
  ground: Ground,
  wish: Pick<Wish, 'host' | 'location'>,
  signal: AbortSignal,
): Promise<EngineFacts> {
  const first = wish.host ? undefined : ground.locations[wish.location]?.hosts[0];
  return within(signal, (first ?? hostOf(ground, wish)).engine.describe(signal));
}
