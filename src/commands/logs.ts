import { Failure } from '../failure.ts';
import * as say from '../replies/index.ts';
import { maskFor } from './mask.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** What the containers of a group print; with `follow` until the reader leaves. */
export const runLogs: RunVerb = async function* (ground, { target, options, caller }, signal) {
  const key = targetKey(target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, caller));
  const { group } = wish.revision;
  const names = [...group.initContainers, ...group.containers].map(({ name }) => name);
  if (target?.container !== undefined && !names.includes(target.container)) {
    throw new Failure('container-unknown', `${group.name} has no container "${target.container}".`, {
      advice: `It has ${names.join(', ')}.`,
    });
  }
  const { tail, follow, timestamps } = options;
  const request = {
    key,
    follow: follow === true,
    ...(typeof tail === 'number' ? { tail } : {}),
    ...(target?.container === undefined ? {} : { container: target.container }),
  };
  const mask = maskFor(group);
  let count = 0;
  for await (const line of ground.locations[wish.location]?.engine.logs(request, signal) ?? []) {
    count++;
    yield say.logBlock({ ...line, text: mask(line.text) }, timestamps === true);
  }
  return say.done('logs', { lines: count });
};
