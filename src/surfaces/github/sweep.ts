import { TOO_OLD_MS } from '../../policy/index.ts';
import { askComment } from './ask.ts';
import type { Octokit } from './clients.ts';
import { asPath, nameOf, pullName } from './names.ts';
import type { Desk } from './parts.ts';
import { statusOf } from './tree.ts';

/** How long answered comments are known, so that none is answered twice. */
const KEPT_MS = 30 * 86_400_000;

/** Looks at everything that the app may see: what no webhook told, or told while the bot was away, is found here. */
export async function sweepRepositories(desk: Desk): Promise<void> {
  await desk.parts.pulls.forget(desk.parts.clock.now() - KEPT_MS);
  const app = await desk.clients.app();
  for await (const { data } of app.paginate.iterator(app.rest.apps.listInstallations, { per_page: 100 })) {
    for (const { id, suspended_at: suspended } of data) if (!suspended) await sweepInstallation(desk, id);
  }
}

async function sweepInstallation(desk: Desk, installation: number): Promise<void> {
  const octokit = await desk.clients.installation(installation);
  const repositories = await octokit.paginate(octokit.rest.apps.listReposAccessibleToInstallation, {
    per_page: 100,
  });
  for (const { full_name: fullName, archived } of repositories) {
    const repository = fullName.toLowerCase();
    desk.installations.set(repository, installation);
    if (archived) continue;
    desk.pushes.add(asPath(repository));
    await hearComments(desk, octokit, installation, repository);
    const open = await octokit.paginate(octokit.rest.pulls.list, {
      ...nameOf(repository),
      state: 'open',
      per_page: 100,
    });
    for (const { number, head, updated_at: updatedAt } of open) {
      const known = await desk.parts.pulls.get(repository, number);
      if (known?.head === head.sha && known.state === 'open') continue;
      await desk.parts.pulls.recordHead(repository, number, {
        commit: head.sha,
        atMs: Date.parse(updatedAt),
        by: 0,
      });
      desk.looks.add(pullName(repository, number));
    }
  }
  for (const { repository, number } of await desk.parts.pulls.unfinished())
    desk.looks.add(pullName(repository, number));
}

/** Comments of the last minutes that no webhook has told of, as where GitHub cannot reach the bot. */
async function hearComments(
  desk: Desk,
  octokit: Octokit,
  installation: number,
  repository: string,
): Promise<void> {
  const nowMs = desk.parts.clock.now();
  const comments = await octokit.paginate(octokit.rest.issues.listCommentsForRepo, {
    ...nameOf(repository),
    since: new Date(nowMs - TOO_OLD_MS).toISOString(),
    per_page: 100,
  });
  for (const comment of comments) {
    const number = Number(/\/pull\/(\d+)/.exec(comment.html_url)?.[1] ?? 0);
    if (number) await askComment(desk, { installation, repository, number, comment }, nowMs);
  }
}

/** Deliveries older than this are no longer kept by GitHub. */
const OLDEST_MS = 3 * 86_400_000;

/** GitHub never repeats a delivery by itself: those that did not arrive are asked for again, once each. */
export async function redeliverLost(desk: Desk): Promise<number> {
  const app = await desk.clients.app();
  const since = desk.parts.clock.now() - OLDEST_MS;
  const latest = new Map<string, { id: number; arrived: boolean }>();
  for await (const { data } of app.paginate.iterator('GET /app/hook/deliveries', { per_page: 100 })) {
    for (const { id, guid, status_code: status } of data) {
      const before = latest.get(guid);
      latest.set(guid, {
        id: before?.id ?? id,
        arrived: (before?.arrived ?? false) || (status >= 200 && status < 300),
      });
    }
    if (data.some(({ delivered_at: at }) => Date.parse(at) < since)) break;
  }
  const missing = [...latest].filter(([, { arrived }]) => !arrived);
  const known = await desk.inbox.known(
    'github',
    missing.map(([guid]) => guid),
  );
  const lost = missing.filter(([guid]) => !known.has(guid) && !desk.redelivered.has(guid));
  for (const [guid, { id }] of lost) {
    desk.redelivered.add(guid);
    await app
      .request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id })
      .catch(ifTooOld);
  }
  return lost.length;
}

function ifTooOld(error: unknown): void {
  const status = statusOf(error);
  if (status !== 404 && status !== 422) throw error;
}
