import { holds, isEnough } from '../../policy/index.ts';
import type { Ask, Pull } from '../../store/index.ts';
import type { Octokit } from './clients.ts';
import { previewOf } from './names.ts';
import type { Desk } from './parts.ts';
import { callerFor } from './people.ts';
import type { RepositoryRules } from './repository-rules.ts';

/**
 * Where the repository wants it, a push asks for the preview by itself: in the name of who pushed, and by their right. Nothing
 * is asked for a fork, for who may not deploy, or where it is not known who pushed.
 */
export async function askPreview(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  rules: RepositoryRules,
): Promise<Ask | undefined> {
  const { repository, number, head, installation, fork } = pull;
  if (rules.previews !== 'opened' || fork) return undefined;
  const heads = await desk.parts.pulls.heads(repository, number);
  const by = heads.findLast((each) => each.commit === head && each.by !== 0)?.by;
  if (by === undefined) return undefined;
  const { data: person } = await octokit.request('GET /user/{account_id}', { account_id: by });
  if (person.type !== 'User') return undefined;
  const actor = { id: by, login: person.login };
  const { grants = [] } = await callerFor(octokit, repository, actor, rules);
  const environment = previewOf(repository, number);
  if (
    !grants.some(({ right, environments }) => isEnough(right, 'deployer') && holds(environments, environment))
  )
    return undefined;
  const nowMs = desk.parts.clock.now();
  const ask: Ask = {
    id: `opened:${repository}#${number}:${head}`,
    installation,
    repository,
    number,
    comment: 0,
    actor,
    lines: ['/deploy'],
    commit: head,
    saidAtMs: nowMs,
    receivedAtMs: nowMs,
  };
  return (await desk.parts.pulls.ask(ask)) ? ask : undefined;
}
