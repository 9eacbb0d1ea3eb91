import type { Revision, Wish } from '../reconciler/index.ts';
import type { Command } from './verb.ts';

/** The revision that a command names, among all of a group's, newest first; undefined when there is none such. */
export function releaseOf(
  revisions: readonly Revision[],
  wanted: NonNullable<Command['release']>,
): Revision | undefined {
  return 'revision' in wanted
    ? revisions.find(({ number }) => number === wanted.revision)
    : revisions.find(({ commit }) => commit.startsWith(wanted.commit));
}

/**
 * What a rollback without a name goes back to: the newest earlier revision that ran. One that was itself gone back from is
 * passed over, so that two rollbacks in a row go two steps back instead of to and fro.
 */
export function lastGood(revisions: readonly Revision[], wish: Wish): Revision | undefined {
  const left = new Set<number>();
  let from = wish.revision.number;
  for (const { number, rollbackOf } of revisions) {
    if (number !== from || rollbackOf === 0) continue;
    for (let each = number - 1; each > rollbackOf; each--) left.add(each);
    left.add(rollbackOf);
    from = rollbackOf;
  }
  return revisions.find(
    ({ number, settled, rollbackOf }) =>
      number < wish.revision.number &&
      !left.has(number) &&
      rollbackOf === 0 &&
      (settled === 'Running' || settled === 'Succeeded' || settled === 'Stopped'),
  );
}
