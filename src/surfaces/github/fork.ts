import { specHash } from '../../commands/index.ts';
import { FORK_NEED } from '../../policy/index.ts';
import type { Pull, PullPlan } from '../../store/index.ts';
import { handsInPull } from './admission.ts';
import type { Octokit } from './clients.ts';
import { nameOf, previewOf } from './names.ts';
import type { Desk } from './parts.ts';
import { personAt } from './people.ts';
import type { RepositoryRules } from './repository-rules.ts';

/**
 * What a fork's commit may become: no fork at all, planned and nothing else, or something that somebody has to look at first.
 * For that one there is something to approve as soon as it is planned: this commit, and none after it.
 */
export async function forkIn(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  { rules, plan }: { readonly rules: RepositoryRules; readonly plan: PullPlan },
): Promise<NonNullable<PullPlan['fork']>> {
  if (!pull.fork) return 'no';
  if (rules.forks === 'plan' || plan.verdict !== 'ready') return 'planned';
  const { repository, number, head, author, authorId } = pull;
  const environment = previewOf(repository, number);
  const open = await desk.parts.proposals.open();
  const isThere = open.some(
    (each) => each.repository === repository && each.environment === environment && each.commit === head,
  );
  if (isThere) return 'to-approve';
  const { files } = await desk.trees.at(octokit, nameOf(repository), head);
  await desk.parts.propose({
    subject: { repository, environment, commit: head, spec: specHash(files), group: '' },
    needs: {
      approvals: [FORK_NEED],
      waitMs: 0,
      barred: await handsInPull(desk, octokit, { pull, commit: head, environment }),
    },
    requester: { person: personAt(authorId), name: author },
    reason: '',
    pull: { number, head },
    branch: '',
  });
  return 'to-approve';
}
