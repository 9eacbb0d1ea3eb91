import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import type { AskedElsewhere } from '../pull-requests.ts';
import { ended, tellStep } from './deploys.ts';
import type { Desk } from './parts.ts';
import { beginRoom } from './rooms.ts';
import type { Meant } from './targets.ts';
import { tell } from './tell.ts';
import { giveUpWaiting } from './waiting.ts';

/** What was asked of a pull request or a branch is done as if it stood there: with that person's rights on GitHub, and shown there. */
export async function answerOnGithub(desk: Desk, ask: SlackAsk, meant: Meant): Promise<Outcome> {
  const { line, repository, pull: number, branch } = meant;
  const { people, pullRequests } = desk.parts;
  const refuse = async (outcome: Outcome) => {
    await tell(desk, ask, line, { outcome, blocks: outcome.blocks });
    await giveUpWaiting(desk, ask, say.reasonOf(outcome));
    return outcome;
  };
  if (!pullRequests) return refuse(say.noPullRequests());
  const actor = await people.githubOf(ask.user);
  if (!actor) return refuse(say.notLinked());
  let begun = '';
  const name = number ? `${repository}#${number}` : `${repository}@${branch}`;
  const asked: Omit<AskedElsewhere, 'number'> = {
    id: `slack:${ask.id}`,
    repository,
    actor,
    line,
    saidAtMs: ask.saidAtMs,
    receivedAtMs: ask.receivedAtMs,
    ...(ask.waits ? { waits: ask.waits } : {}),
    onDeploy: async ({ environment, commit, title }) => {
      const again = `/kata deploy ${name} to ${environment}`;
      begun = await beginRoom(desk, ask, {
        repository,
        environment,
        commit,
        title,
        pull: number,
        groups: [],
        again,
      });
    },
    onBlock: (block) => {
      if (begun) tellStep(desk, begun, block);
    },
  };
  const answered = number
    ? await pullRequests.ask({ ...asked, number })
    : await pullRequests.askOfBranch({ ...asked, branch });
  if (!answered) return refuse(say.pullUnknown(repository, number));
  return ended(desk, ask, line, begun, { ...answered, about: name });
}
