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

/** Names that a Caddy's configuration serves for the bot. Pure. */
export function namesServedIn(found: unknown, instance: string): string[] {
  const { plainly, securely, certificates } = ownNames(instance);
  const { http, tls } = Object(Object(found).apps);
  const servers = Object(Object(http).servers);
  const routes = [plainly, securely].flatMap((name) => listed(Object(servers[name]).routes));
  const matches = routes.flatMap((route) => listed(Object(route).match));
  const policies = listed(Object(Object(tls).automation).policies);
  const certified = policies.filter((policy) => Object(policy)['@id'] === certificates);
  const names = [
    ...matches.flatMap((match) => listed(Object(match).host)),
    ...certified.flatMap((policy) => listed(Object(policy).subjects)),
  ];
  return [...new Set(names.filter((name) => typeof name === 'string'))];
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
