/**
 * Of several sandboxes of a group, what belongs to the one that is meant: the newest that was made for the revision `upTo` or
 * an earlier one. What is made for a later one is only being tried. Everything where nobody says which is meant. Pure.
 */
export function meant<Each>(
  all: readonly Each[],
  revisionOf: (each: Each) => number,
  upTo: number | undefined,
): Each[] {
  if (upTo === undefined) return [...all];
  const revisions = all.map(revisionOf);
  const early = revisions.filter((revision) => revision <= upTo);
  const newest = Math.max(...(early.length ? early : revisions));
  return all.filter((each) => revisionOf(each) === newest);
}
