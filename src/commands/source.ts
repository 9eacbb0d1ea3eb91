import { partsOf } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { readGroup } from '../spec/index.ts';
import type { Source } from './file-source.ts';
import type { Ground } from './ground.ts';
import { targetKey } from './targets.ts';
import type { Asked, GivenFile, Here } from './verb.ts';
import { groupsFor } from './visible.ts';

/** What `plan` and `deploy` are about: files that came along, or the file of a group as its branch has it; or why there is none. */
export async function sourceOf(ground: Ground, asked: Asked): Promise<Source | Outcome> {
  const { files, caller, commit = '', target, environment, here } = asked;
  if (here) return treeOf(here, asked);
  if (files.length) {
    return {
      repository: '',
      environment: environment ?? target?.environment ?? 'production',
      commit,
      files: files.map((file) => ofTarget(file, target?.name)),
      caller,
      secretsFor: 'deployers',
    };
  }
  if (!target) {
    throw new Failure('usage', `${asked.verb.name} needs a group or a file.`, {
      advice: `katabot ${asked.verb.name} GROUP, or katabot ${asked.verb.name} --file containergroup.yaml`,
    });
  }
  return branchOf(ground, asked);
}

/** What may be done was decided for the group that is named: a file that came along cannot be another one's. */
function ofTarget(file: GivenFile, name: string | undefined): GivenFile {
  const { group } = readGroup(file.text);
  if (name === undefined || !group || group.name === name) return file;
  throw new Failure('usage', `${file.path} holds the group ${group.name}, not ${name}.`, {
    advice: 'Leave the name out, or give the file of the group that is named.',
  });
}

/** The files of the place itself; those of one group when one is named. */
async function treeOf(here: Here, { caller, commit, environment, target, options }: Asked): Promise<Source> {
  if (options['file'] !== undefined) {
    throw new Failure('usage', 'A comment brings no file along.', {
      advice: 'Push the file to the pull request: what stands in it is deployed.',
    });
  }
  const tree = await here.source(commit);
  const named = ({ path, text }: { path: string; text: string }) => isOf(target?.name ?? '', path, text, '');
  const files = target ? tree.files.filter(named) : tree.files;
  if (files.length) {
    const place = { repository: here.repository, environment: environment ?? here.environment };
    return { ...place, commit: tree.commit, files, caller, secretsFor: here.fork ? 'nobody' : 'everybody' };
  }
  const what = target ? `no containergroup.yaml with the group ${target.name}` : 'no containergroup.yaml';
  throw new Failure('source-missing', `${here.repository} at ${tree.commit.slice(0, 7)} has ${what}.`, {
    advice: target
      ? 'Leave the name out to deploy all that is there.'
      : 'Add one; katabot new writes a first one.',
  });
}

async function branchOf(ground: Ground, { caller, commit, target }: Asked): Promise<Source | Outcome> {
  const key = targetKey(target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, caller));
  const { environment, name } = partsOf(key);
  const branch = await ground.sources.branch(wish.repository, environment, commit);
  if (!branch) {
    throw new Failure(
      'source-missing',
      commit
        ? `${wish.repository} has no commit ${commit} for ${environment}.`
        : `${say.nameOf(key)} came with a command, or its branch is gone: there is nothing to read again.`,
      {
        advice: `katabot deploy --file containergroup.yaml${environment === 'production' ? '' : ` to ${environment}`}`,
      },
    );
  }
  const files = branch.files.filter(({ path, text }) => isOf(name, path, text, wish.revision.path));
  if (files.length) return { ...branch, caller, files, secretsFor: 'everybody' };
  throw new Failure(
    'source-missing',
    `No containergroup.yaml of ${wish.repository} at ${branch.commit.slice(0, 7)} holds the group ${name}.`,
    { advice: 'Push the file again, or name a commit that has it: @9f31c02' },
  );
}

/** The group's file; one that is broken counts when it lies where the group came from, so that its problems are told. */
function isOf(name: string, path: string, text: string, from: string): boolean {
  const { group } = readGroup(text);
  return group ? group.name === name : path === from;
}
