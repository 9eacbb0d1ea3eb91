import * as say from '../replies/index.ts';
import { writeGroup } from '../spec/index.ts';
import { releaseOf } from './release.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** A group as a containergroup.yaml, secrets as references; deploying it again changes nothing. */
export const runExport: RunVerb = async function* (ground, { target, release, caller }) {
  const key = targetKey(target);
  const revisions = await ground.desired.revisions(key);
  const [newest] = revisions;
  if (!newest) return say.unknownGroup(key, await groupsFor(ground, caller));
  const revision = release ? releaseOf(revisions, release) : newest;
  if (!revision) {
    return say.noRelease(
      key,
      'such revision',
      revisions.map(({ number }) => number),
    );
  }
  const text = writeGroup(revision.group);
  yield { kind: 'verbatim', text };
  return say.done('export', { group: key, revision: revision.number, text });
};
