import type { Clock } from '../../../clock.ts';
import type { Caller } from '../../../policy/index.ts';

/** What a person may do in a repository, by their number at the code host. Throws while that does not answer. */
export type RoleOf = (repository: string, github: number) => Promise<Caller | undefined>;

/** A role as it was then; `caller` is undefined for somebody without one. */
export interface KnownRole {
  readonly caller: Caller | undefined;
  readonly asOfMs: number;
  /** Whether the code host was asked in vain since. */
  readonly stale: boolean;
}

/** Roles are asked anew at use, at most once a minute. */
const FRESH_MS = 60_000;
/** As long as a role counts, for little, while the code host does not answer. */
const LONGEST_MS = 15 * 60_000;
const MOST_KEPT = 10_000;

/** Looks up roles; gives undefined when the code host does not answer and nothing is known of late. */
export function createRoles(
  roleOf: RoleOf,
  clock: Clock,
  away: (error: unknown) => void,
): (repository: string, github: number) => Promise<KnownRole | undefined> {
  const kept = new Map<string, { readonly caller: Caller | undefined; readonly asOfMs: number }>();
  const asking = new Map<string, Promise<KnownRole | undefined>>();
  const ask = async (name: string, repository: string, github: number) => {
    const asOfMs = clock.now();
    try {
      const role = { caller: await roleOf(repository, github), asOfMs };
      kept.delete(name);
      kept.set(name, role);
      for (const oldest of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(oldest);
      return { ...role, stale: false };
    } catch (error) {
      away(error);
      const last = kept.get(name);
      return last && clock.now() - last.asOfMs <= LONGEST_MS ? { ...last, stale: true } : undefined;
    } finally {
      asking.delete(name);
    }
  };
  return async (repository, github) => {
    const name = `${github} ${repository}`;
    const known = kept.get(name);
    if (known && clock.now() - known.asOfMs <= FRESH_MS) return { ...known, stale: false };
    const pending = asking.get(name) ?? ask(name, repository, github);
    asking.set(name, pending);
    return pending;
  };
}
