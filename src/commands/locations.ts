import { within } from '../clock.ts';
import type { EngineFacts } from '../engines/index.ts';
import { Failure } from '../failure.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Ground, Location } from './ground.ts';

/** Where a group runs. Throws a Failure `location-unknown` when its location has left the settings. */
export function locationOf(ground: Ground, { location }: Pick<Wish, 'location'>): Location {
  const found = ground.locations[location];
  if (found) return found;
  throw new Failure('location-unknown', `The location ${location} is no longer in the settings.`, {
    advice: 'Put it back into the settings.',
  });
}

/** The machine behind a group. Throws a Failure `engine-unreachable`. */
export function factsOf(
  ground: Ground,
  wish: Pick<Wish, 'location'>,
  signal: AbortSignal,
): Promise<EngineFacts> {
  return within(signal, locationOf(ground, wish).engine.describe(signal));
}
