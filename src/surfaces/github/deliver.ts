import { Gone, type KeptWrite, Later, type Outbox, Refused } from '../../mail/index.ts';
import type { CheckRun } from './check-run.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import { sendCheck } from './send-check.ts';

/** Everything that the bot writes to GitHub, by its kind. */
export interface Contents {
  /** One reaction of the bot on a comment; another content takes its place. */
  readonly reaction: { readonly repository: string; readonly comment: number; readonly content: Reaction };
  /** A comment on a pull request that is edited; `marker` stands in its first line. */
  readonly comment: {
    readonly repository: string;
    readonly number: number;
    readonly marker: string;
    readonly body: string;
  };
  readonly check: { readonly repository: string; readonly run: CheckRun };
  readonly deployment: {
    readonly repository: string;
    readonly commit: string;
    readonly environment: string;
    /** Gone when the pull request is. */
    readonly transient: boolean;
    readonly description: string;
    /** How the bot finds its own after a crash. */
    readonly key: string;
  };
  readonly 'deployment-status': {
    readonly repository: string;
    /** The key of the deployment's write. */
    readonly deployment: string;
    readonly state: 'queued' | 'in_progress' | 'success' | 'failure' | 'inactive';
    readonly description: string;
    readonly url: string;
    readonly logUrl: string;
  };
  readonly status: {
    readonly repository: string;
    readonly commit: string;
    readonly context: string;
    readonly state: 'pending' | 'success' | 'failure' | 'error';
    readonly description: string;
    readonly url: string;
  };
}

export type Reaction = 'eyes' | 'rocket' | '-1' | 'confused' | '+1';
export type Kind = keyof Contents;

interface Desk {
  readonly octokit: Octokit;
  readonly kept: KeptWrite;
  readonly outbox: Pick<Outbox, 'remote'>;
  /** The app's own id: a comment or a check of another app is not ours, whatever stands in it. */
  readonly appId: number;
}

/** Sends one write to GitHub and gives its id there. Safe to repeat: what was made before is found, and edited. */
export async function deliver(desk: Desk): Promise<string> {
  try {
    return await sendKind(desk);
  } catch (error) {
    throw judged(error);
  }
}

async function sendKind(desk: Desk): Promise<string> {
  const { write } = desk.kept;
  const content: unknown = write.content;
  if (isOf(write.kind, 'reaction', content)) return sendReaction(desk, content);
  if (isOf(write.kind, 'comment', content)) return sendComment(desk, content);
  if (isOf(write.kind, 'check', content)) return sendCheck(desk, content);
  if (isOf(write.kind, 'deployment', content)) return sendDeployment(desk, content);
  if (isOf(write.kind, 'deployment-status', content)) return sendDeploymentStatus(desk, content);
  if (isOf(write.kind, 'status', content)) return sendStatus(desk, content);
  throw new Refused(`nothing is known of ${write.kind}`);
}

/** Contents are written by this surface alone, each with its kind. */
function isOf<K extends Kind>(kind: string, wanted: K, _content: unknown): _content is Contents[K] {
  return kind === wanted;
}

/** GitHub gives the same reaction again when it is there already. The one before it goes afterwards, so that one is always there. */
async function sendReaction(
  { octokit, kept }: Desk,
  { repository, comment, content }: Contents['reaction'],
): Promise<string> {
  const place = { ...nameOf(repository), comment_id: comment };
  const { data } = await octokit.rest.reactions.createForIssueComment({ ...place, content });
  // Without a name for what was sent before, it may be there all the same: the bot died, or the answer was lost.
  const before =
    kept.remote === undefined && kept.sequence > 1
      ? await ownReactions(octokit, place, data.user?.id)
      : [Number(kept.remote ?? 0)];
  for (const id of before.filter((each) => each && each !== data.id))
    await octokit.rest.reactions.deleteForIssueComment({ ...place, reaction_id: id }).catch(unlessGone);
  return String(data.id);
}

async function ownReactions(
  octokit: Octokit,
  place: { owner: string; repo: string; comment_id: number },
  own: number | undefined,
): Promise<number[]> {
  const { data } = await octokit.rest.reactions.listForIssueComment({ ...place, per_page: 100 });
  return data.filter(({ user }) => user?.id === own).map(({ id }) => id);
}

async function sendComment(
  desk: Desk,
  { repository, number, marker, body }: Contents['comment'],
): Promise<string> {
  const { octokit, kept } = desk;
  const place = nameOf(repository);
  const known =
    kept.remote === undefined ? await commentWith(desk, repository, number, marker) : Number(kept.remote);
  if (known === undefined) {
    const { data } = await octokit.rest.issues.createComment({ ...place, issue_number: number, body });
    return String(data.id);
  }
  await octokit.rest.issues.updateComment({ ...place, comment_id: known, body });
  return String(known);
}

/** The bot's own comment that was made before a crash. */
async function commentWith(
  { octokit, appId }: Desk,
  repository: string,
  number: number,
  marker: string,
): Promise<number | undefined> {
  const pages = octokit.paginate.iterator(octokit.rest.issues.listComments, {
    ...nameOf(repository),
    issue_number: number,
    per_page: 100,
  });
  for await (const { data } of pages) {
    const own = data.find(
      ({ body, performed_via_github_app: app }) => app?.id === appId && body?.startsWith(marker),
    );
    if (own) return own.id;
  }
  return undefined;
}

async function sendDeployment({ octokit, kept }: Desk, content: Contents['deployment']): Promise<string> {
  if (kept.remote !== undefined) return kept.remote; // a deployment is never changed; its statuses tell how it goes
  const { repository, commit, environment, transient, description, key } = content;
  const place = nameOf(repository);
  const known = await octokit.rest.repos.listDeployments({
    ...place,
    sha: commit,
    environment,
    per_page: 100,
  });
  const own = known.data.find(({ payload }) => Object(payload).katabot === key);
  if (own) return String(own.id);
  const { data } = await octokit.rest.repos.createDeployment({
    ...place,
    ref: commit,
    environment,
    description,
    auto_merge: false,
    required_contexts: [], // what must be green was looked at before
    transient_environment: transient,
    production_environment: environment === 'production',
    payload: { katabot: key },
  });
  if (!('id' in data)) throw new Refused('GitHub made no deployment of it');
  return String(data.id);
}

async function sendDeploymentStatus(
  { octokit, kept, outbox }: Desk,
  { repository, deployment, state, description, url, logUrl }: Contents['deployment-status'],
): Promise<string> {
  const id = await outbox.remote(kept.write.account, deployment);
  if (id === undefined) throw new Error('its deployment has not been made yet');
  const { data } = await octokit.rest.repos.createDeploymentStatus({
    ...nameOf(repository),
    deployment_id: Number(id),
    state,
    description: description.slice(0, 140),
    auto_inactive: true,
    ...(url ? { environment_url: url } : {}),
    ...(logUrl ? { log_url: logUrl } : {}),
  });
  return String(data.id);
}

async function sendStatus({ octokit }: Desk, content: Contents['status']): Promise<string> {
  const { repository, commit, context, state, description, url } = content;
  const { data } = await octokit.rest.repos.createCommitStatus({
    ...nameOf(repository),
    sha: commit,
    context,
    state,
    description: description.slice(0, 140),
    ...(url ? { target_url: url } : {}),
  });
  return String(data.id);
}

function unlessGone(error: unknown): void {
  if (!(error instanceof Error && 'status' in error && error.status === 404)) throw error;
}

const OUTAGE_PAUSE_MS = 5_000;

/** What an answer of GitHub's means for the write: wait with all of them, give this one up, make it anew, or try again. */
function judged(error: unknown): unknown {
  if (
    !(error instanceof Error) ||
    error instanceof Refused ||
    error instanceof Gone ||
    error instanceof Later
  )
    return error;
  const status = 'status' in error && typeof error.status === 'number' ? error.status : 0;
  const headers: Record<string, unknown> = 'response' in error ? Object(Object(error.response).headers) : {};
  const why = `GitHub: ${error.message.slice(0, 300)}`;
  if (status === 403 || status === 429) {
    const retryAfterMs = waitIn(headers);
    if (retryAfterMs !== undefined) return new Later(why, { retryAfterMs });
    if (status === 429 || /rate limit|abuse/i.test(error.message)) return new Later(why);
    return new Refused(why);
  }
  if (status === 404 || status === 410) return new Gone(why);
  if (status === 400 || status === 409 || status === 422) return new Refused(why);
  // Without a status nothing was answered at all; 401 passes when the app's token or clock is right again.
  if (
    status === 0
      ? /fetch failed|abort|timeout|network|socket/i.test(`${error.name} ${error.message}`)
      : [401, 502, 503, 504].includes(status)
  )
    return new Later(why, { firstPauseMs: OUTAGE_PAUSE_MS });
  return error;
}

/** Milliseconds that GitHub asks to wait; undefined when it does not say. */
function waitIn(headers: Record<string, unknown>): number | undefined {
  const after = Number(headers['retry-after']);
  if (Number.isFinite(after) && after > 0) return after * 1_000;
  if (headers['x-ratelimit-remaining'] !== '0') return undefined;
  const [reset, date] = [Number(headers['x-ratelimit-reset']), Date.parse(String(headers['date']))];
  return Number.isFinite(reset) && Number.isFinite(date) ? Math.max(1_000, reset * 1_000 - date) : undefined;
}
