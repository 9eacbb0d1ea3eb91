import type { Tree } from '../../commands/index.ts';
import type { Ask } from '../../store/index.ts';
import type { AnsweredElsewhere, AskedElsewhere } from '../pull-requests.ts';
import { runLine } from './answer.ts';
import { branchesOf } from './mapped.ts';
import { nameOf, pullName } from './names.ts';
import type { Desk } from './parts.ts';
import { callerFor } from './people.ts';
import { readPull } from './pulls.ts';
import { rulesFor } from './repository-rules.ts';
import { tellProposal, withdrawOld } from './waiting.ts';

export async function openPulls(desk: Pick<Desk, 'parts'>, repository: string) {
  return (await desk.parts.pulls.unfinished())
    .filter((pull) => pull.repository === repository.toLowerCase() && pull.state === 'open')
    .toSorted((a, b) => b.number - a.number)
    .map(({ number, title }) => ({ number, title }));
}

export async function treeElsewhere(
  desk: Desk,
  repository: string,
  ref: { readonly pull: number } | { readonly branch: string },
): Promise<Tree | undefined> {
  const name = repository.toLowerCase();
  const installation = desk.installations.get(name);
  if (installation === undefined) return undefined;
  const octokit = await desk.clients.installation(installation);
  const commit =
    'pull' in ref
      ? (await desk.parts.pulls.get(name, ref.pull))?.head
      : (await branchesOf(desk, octokit, name)).wanted.find(({ branch }) => branch === ref.branch)?.commit;
  return commit === undefined ? undefined : desk.trees.at(octokit, nameOf(name), commit);
}

export async function askPull(
  desk: Desk,
  { line, onDeploy, onBlock, ...asked }: AskedElsewhere,
): Promise<AnsweredElsewhere | undefined> {
  const repository = asked.repository.toLowerCase();
  const known = await desk.parts.pulls.get(repository, asked.number);
  if (!known) return undefined;
  const { installation } = known;
  const octokit = await desk.clients.installation(installation);
  const name = pullName(repository, asked.number);
  const pull = await readPull(desk, octokit, installation, name);
  await withdrawOld(desk, pull);
  const rules = await rulesFor(desk, octokit, repository, pull.base);
  const caller = await callerFor(octokit, repository, asked.actor, rules);
  const ask: Ask = { ...asked, repository, installation, comment: 0, lines: [line], commit: '' };
  const { outcome, all } = await runLine(
    desk,
    octokit,
    pull,
    ask,
    { line, caller, rules },
    {
      surface: 'slack',
      onDeploy: (admitted) => onDeploy({ ...admitted, title: pull.title }),
      onBlock,
    },
  );
  if (outcome.kind === 'waiting') await tellProposal(desk, ask, outcome);
  desk.paints.add(name);
  return { outcome, blocks: all };
}
