import type { Probot } from 'probot';
import type { Delivery } from '../../mail/index.ts';
import { askButton, askComment, askEdited } from './ask.ts';
import { asPath, type PullName, placeIn, pullName } from './names.ts';
import type { Desk } from './parts.ts';
import { changePull, PUSHES } from './pulls.ts';
import { sweepRepositories } from './sweep.ts';

/** Events that the bot has a use for: those of `app.yml`, and what every app is told of its installations. */
export const EVENTS: ReadonlySet<string> = new Set([
  'check_run',
  'installation',
  'installation_repositories',
  'issue_comment',
  'pull_request',
  'push',
]);

/** Hands a delivery to Probot, which calls those who listen to its event. */
export async function receive(desk: Desk, { id, event, payload, receivedAtMs }: Delivery): Promise<void> {
  desk.received.set(id, receivedAtMs);
  try {
    const body: Parameters<Probot['receive']>[0]['payload'] = JSON.parse(payload);
    await desk.clients.probot.receive({ id, name: event, payload: body } as Parameters<Probot['receive']>[0]);
  } finally {
    desk.received.delete(id);
  }
}

/** What each event names to be looked at. Nothing is decided by what a payload says, but who asks what. */
export function listenTo(desk: Desk, robot: Probot): void {
  robot.on(
    [
      'pull_request.opened',
      'pull_request.reopened',
      'pull_request.synchronize',
      'pull_request.edited',
      'pull_request.closed',
    ],
    async ({ payload }) => {
      const { pull_request: pull, sender } = payload;
      const repository = noteInstallation(desk, payload);
      const head = { commit: pull.head.sha, atMs: Date.parse(pull.updated_at), by: sender?.id ?? 0 };
      await desk.parts.pulls.recordHead(repository, pull.number, head);
      desk.looks.add(pullName(repository, pull.number));
    },
  );
  robot.on('issue_comment.created', async (context) => {
    const { comment, issue, installation } = context.payload;
    const repository = noteInstallation(desk, context.payload);
    if (!issue.pull_request || !installation) return;
    const said = { installation: installation.id, repository, number: issue.number, comment };
    await askComment(desk, said, receivedAt(desk, context.id));
  });
  robot.on('issue_comment.edited', async (context) => askEdited(desk, context));
  robot.on('issue_comment.deleted', async ({ payload }) => {
    const name = pullName(payload.repository.full_name.toLowerCase(), payload.issue.number);
    if (payload.issue.pull_request) desk.paints.add(name);
  });
  robot.on('check_run.requested_action', async (context) => {
    await askButton(desk, context.id, context, receivedAt(desk, context.id));
  });
  robot.on('check_run.rerequested', async ({ payload }) => {
    const repository = noteInstallation(desk, payload);
    for (const pull of payload.check_run.pull_requests) {
      if (pull) await planAgain(desk, pullName(repository, pull.number));
    }
  });
  robot.on('push', async ({ id, payload }) => {
    const repository = noteInstallation(desk, payload);
    if (!payload.ref.startsWith('refs/heads/')) return;
    const head = { commit: payload.after, atMs: receivedAt(desk, id), by: payload.sender?.id ?? 0 };
    await desk.parts.pulls.recordHead(repository, PUSHES, head);
    desk.pushes.add(asPath(repository));
  });
  robot.on(['installation.created', 'installation_repositories.added'], async () => sweepRepositories(desk));
}

/** Somebody wants a fresh plan, perhaps because there is room now. */
async function planAgain(desk: Desk, name: PullName): Promise<void> {
  const { repository, number } = placeIn(name);
  if (!(await desk.parts.pulls.get(repository, number))) return;
  await changePull(desk, name, (pull) => {
    if (!pull) throw new Error(`nothing is known of ${name}`);
    return { ...pull, plan: { ...pull.plan, commit: '', again: pull.plan.again + 1 } };
  });
  desk.looks.add(name);
}

function receivedAt({ received, parts }: Desk, id: string): number {
  return received.get(id) ?? parts.clock.now();
}

/** Which installation speaks for a repository; gives the repository's name as the bot uses it. */
function noteInstallation(
  desk: Desk,
  {
    repository,
    installation,
  }: { repository: { full_name: string }; installation?: { id: number } | undefined },
): string {
  const name = repository.full_name.toLowerCase();
  if (installation) desk.installations.set(name, installation.id);
  return name;
}
