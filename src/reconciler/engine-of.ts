import type { Engine } from '../engines/index.ts';
import { Failure } from '../failure.ts';
import type { Wish } from './wish.ts';

/** The engine that a group is on. Throws a Failure `location-unknown` when its host has left the settings. */
export function engineOf(
  { engines }: { readonly engines: Readonly<Record<string, Engine>> },
  wish: Pick<Wish, 'host'>,
): Engine {
  const engine = engines[wish.host];
  if (engine) return engine;
  throw new Failure('location-unknown', `The host ${wish.host} is no longer in the settings.`, {
    advice: 'Put it back into the settings, or delete the group after removing its containers by hand.',
  });
}
