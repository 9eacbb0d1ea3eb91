import type { GroupKey } from '../event.ts';
import { besideKey, customDomainsOf } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import { isUp, type Wish } from '../reconciler/index.ts';
import type { Group } from '../spec/index.ts';
import { type Settler, settle } from './addresses.ts';
import { holdGpus } from './gpu-problems.ts';
import type { Ground } from './ground.ts';

/** The names that a group has: its own first. */
export function namesOf(wish: Wish | undefined): string[] {
  return wish ? namesWith(wish.key, { fqdn: wish.fqdn, group: wish.revision.group }) : [];
}

/** Those that it has with a name of its own and what its file says; none without the former. */
export function namesWith(
  key: GroupKey,
  { fqdn, group }: { readonly fqdn: string; readonly group: Group },
): string[] {
  return fqdn ? [fqdn, ...customDomainsOf(key, group)] : [];
}

/**
 * A revision was not accepted after all: what was taken for it is given back, and the books stand as its group was before.
 * `isTrial`: it was to have a place of its own beside the one that serves.
 */
export async function giveBack(
  ground: Ground,
  settler: Settler,
  {
    before,
    isTrial,
    caller,
  }: { readonly before: Wish | undefined; readonly isTrial: boolean; readonly caller: Caller },
): Promise<void> {
  const { desired, labels, slots, addresses, gpus } = ground;
  const { key, host } = settler;
  const places = [slots, addresses];
  if (isTrial) {
    // What is still tried there, or on its way out, keeps its place.
    if (!(await desired.get(key))?.beside)
      await Promise.all(places.map((book) => book.release(besideKey(key))));
  } else if (before?.host === host.name) {
    await settle(ground, { ...settler, group: before.revision.group }, caller);
    if (host.gpus.length && isUp(before))
      await holdGpus(ground, { key, host, group: before.revision.group }, { caller, queue: true });
  } else await Promise.all(places.map((book) => book.release(key)));
  if (!isTrial && host.gpus.length) await gpus.release(key, before && isUp(before) ? 'surplus' : 'all');
  const names = namesOf(before);
  if (names.length) await labels.claim(names, key);
  else await labels.release(key);
}
