import type { Context } from 'probot';
import * as say from '../../replies/index.ts';
import type { Ask } from '../../store/index.ts';
import { commandLines } from './comment-lines.ts';
import { previewOf } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { put } from './put.ts';
import { reply } from './reply.ts';
import { startAnswer } from './start-answer.ts';

/** A comment, as a webhook or the API tells of it. */
export interface Said {
  readonly installation: number;
  readonly repository: string;
  readonly number: number;
  readonly comment: {
    readonly id: number;
    readonly body?: string | undefined;
    readonly created_at: string;
    readonly user: { readonly id: number; readonly login: string; readonly type?: string } | null;
  };
}

/** A comment: what stands in it is kept, acknowledged at once, and answered in its own time. Told twice, it is asked once. */
export async function askComment(desk: Desk, said: Said, receivedAtMs: number): Promise<void> {
  const { comment, ...place } = said;
  if (comment.user?.type !== 'User') return;
  const lines = commandLines(comment.body ?? '', desk.mention);
  if (!lines.length) return;
  await begin(desk, {
    ...place,
    id: `comment:${comment.id}`,
    comment: comment.id,
    actor: { id: comment.user.id, login: comment.user.login },
    lines,
    commit: '',
    saidAtMs: Date.parse(comment.created_at),
    receivedAtMs,
  });
}

/** A command that was edited into a comment is not obeyed, and that is said once. */
export async function askEdited(
  desk: Desk,
  { payload }: Pick<Context<'issue_comment.edited'>, 'payload'>,
): Promise<void> {
  const { comment, issue, repository, installation, changes } = payload;
  if (!issue.pull_request || !installation || comment.user?.type !== 'User') return;
  const before = commandLines(changes.body?.from ?? '', desk.mention);
  const fresh = commandLines(comment.body, desk.mention).filter((line) => !before.includes(line));
  if (!fresh.length) return;
  const place = {
    installation: installation.id,
    repository: repository.full_name.toLowerCase(),
    number: issue.number,
  };
  await reply(desk, { ...place, id: `edited:${comment.id}` }, [
    { kind: 'text', text: say.editedComment(fresh) },
    { kind: 'verbatim', text: fresh.join('\n') },
  ]);
}

/** A button of a check run. It stands for the commit that the check is about. */
export async function askButton(
  desk: Desk,
  id: string,
  { payload }: Pick<Context<'check_run.requested_action'>, 'payload'>,
  receivedAtMs: number,
): Promise<void> {
  const { check_run: check, repository, installation, sender, requested_action: action } = payload;
  if (!installation || sender.type !== 'User') return;
  const name = repository.full_name.toLowerCase();
  const environment = check.name.replace(/^katabot \/ /, '');
  const proposal = await desk.parts.proposals.get(check.external_id?.split(' ')[0] ?? '');
  const pull = (await desk.parts.pulls.unfinished()).find(
    (each) =>
      each.repository === name &&
      (check.pull_requests.some((own) => own?.number === each.number) || each.head === check.head_sha),
  );
  const number = proposal?.repository === name ? proposal.pull : pull?.number;
  if (!number) return;
  const groups = pull?.places[environment]?.groups.map((key) => key.slice(key.indexOf('/') + 1)) ?? [];
  const identifier = action?.identifier ?? '';
  const preview = previewOf(name, number);
  await begin(desk, {
    id: `button:${id}`,
    installation: installation.id,
    repository: name,
    number,
    comment: 0,
    actor: { id: sender.id, login: sender.login },
    lines: proposal
      ? proposalLines(identifier, proposal.id)
      : linesFor(identifier, environment, preview, groups),
    commit: check.head_sha,
    saidAtMs: receivedAtMs,
    receivedAtMs,
  });
}

function proposalLines(identifier: string, id: string): string[] {
  if (identifier === 'approve') return [`/kata approve ${id}`];
  return identifier === 'cancel' ? [`/kata reject ${id} --reason "cancelled with the button"`] : [];
}

function linesFor(
  identifier: string,
  environment: string,
  preview: string,
  groups: readonly string[],
): string[] {
  const isPlan = environment === 'plan';
  switch (identifier) {
    case 'deploy':
      return [isPlan ? '/deploy' : `/deploy to ${environment}`];
    case 'approve':
      return [`/kata approve ${preview}`]; // the commit of a fork, before anybody has asked for it
    case 'cancel':
    case 'rollback':
      return groups.map((group) => `/kata ${identifier} ${group} in ${environment} --yes`);
    default:
      return [];
  }
}

async function begin(desk: Desk, ask: Ask): Promise<void> {
  if (!ask.lines.length || !(await desk.parts.pulls.ask(ask))) return;
  if (ask.comment) {
    const { installation, repository, comment } = ask;
    await put(desk, accountOf(installation), {
      kind: 'reaction',
      key: `reaction:${repository}:${comment}`,
      importance: 'acknowledgement',
      content: { repository, comment, content: 'eyes' },
    });
  }
  startAnswer(desk, ask);
}
