import { type OwnPart, ownNames } from './own-part.ts';

/** A Caddy's configuration with the bot's part brought to what it should be; all else in it stays. Pure. */
export function withOwnPart(found: unknown, instance: string, { policies, servers }: OwnPart): unknown {
  const { plainly, securely, certificates } = ownNames(instance);
  const served = changedAt(found, ['apps', 'http', 'servers'], (all) => {
    const { [plainly]: _plain, [securely]: _secure, ...theirs } = Object(all);
    return { ...theirs, ...servers };
  });
  return changedAt(served, ['apps', 'tls', 'automation', 'policies'], (all) => {
    const theirs = listed(all).filter((policy) => Object(policy)['@id'] !== certificates);
    return all === undefined && !policies.length ? undefined : [...policies, ...theirs];
  });
}

/** What `path` leads to is changed; what it leads through is made where it is not there yet, if there is something to put. */
function changedAt(
  found: unknown,
  [first, ...rest]: readonly string[],
  change: (found: unknown) => unknown,
): unknown {
  if (first === undefined) return change(found);
  const before = Object(found ?? {});
  const inside = changedAt(before[first], rest, change);
  return inside === undefined ? found : { ...before, [first]: inside };
}

/** Caddy writes null for a list that was never made. */
function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
