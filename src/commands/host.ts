import { Failure } from '../failure.ts';
import * as say from '../replies/index.ts';
import { usageOf } from './usage.ts';
import type { RunVerb } from './verb.ts';

/** Drains a host, or takes that back: a drained host takes no new groups. What runs there stays, and is updated there. */
export const runHost: RunVerb = async function* (ground, { verb, words, caller }) {
  const [action = '', name = ''] = words;
  if (action !== 'drain' && action !== 'undrain')
    throw new Failure('usage', `host does not know what to do.`, { advice: usageOf(verb) });
  if (!ground.hosts[name]) {
    throw new Failure('host-unknown', `There is no host ${name}.`, {
      advice: `There is: ${Object.keys(ground.hosts).join(', ') || 'none'}.`,
    });
  }
  const wishes = await ground.desired.list();
  const stay = wishes.filter(({ host }) => host === name).map(({ key }) => key);
  ground.standby.wake(name); // a drained host has none waiting
  if (action === 'drain')
    return say.drained(name, stay, await ground.drains.drain(name, caller.name, ground.clock.now()));
  const isNew = await ground.drains.undrain(name);
  for (const { key, host } of wishes) if (!host) ground.wake(key); // they wait for room
  return say.undrained(name, stay, isNew);
};
