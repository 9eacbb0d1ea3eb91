import type { KeptWrite } from '../../mail/index.ts';
import type { Annotation, CheckRun } from './check-run.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';

/** GitHub takes fifty with each request, and adds them to those that are there. */
const ANNOTATIONS_AT_ONCE = 50;

/** Makes or updates a check run; it is the one that was made before when the bot died in between. Gives its id. */
export async function sendCheck(
  { octokit, kept, appId }: { readonly octokit: Octokit; readonly kept: KeptWrite; readonly appId: number },
  { repository, run }: { readonly repository: string; readonly run: CheckRun },
): Promise<string> {
  const place = nameOf(repository);
  const known =
    kept.remote === undefined ? await ownRun(octokit, appId, repository, run) : Number(kept.remote);
  if (known !== undefined) {
    // Annotations would be added a second time.
    await octokit.rest.checks.update({ ...place, check_run_id: known, ...bodyOf(run, []) });
    return String(known);
  }
  const [first = [], ...more] = batchesOf(run.output.annotations);
  const { data } = await octokit.rest.checks.create({ ...place, ...bodyOf(run, first) });
  for (const annotations of more) {
    const { title, summary } = run.output;
    await octokit.rest.checks.update({
      ...place,
      check_run_id: data.id,
      output: { title, summary, annotations },
    });
  }
  return String(data.id);
}

function bodyOf(run: CheckRun, annotations: readonly Annotation[]) {
  const { actions, output, ...rest } = run;
  return {
    ...rest,
    output: { title: output.title, summary: output.summary, annotations: [...annotations] },
    actions: actions.map((action) => ({ ...action })),
  };
}

function batchesOf(annotations: readonly Annotation[]): Annotation[][] {
  const batches: Annotation[][] = [];
  for (let at = 0; at < annotations.length; at += ANNOTATIONS_AT_ONCE)
    batches.push(annotations.slice(at, at + ANNOTATIONS_AT_ONCE));
  return batches;
}

async function ownRun(
  octokit: Octokit,
  appId: number,
  repository: string,
  { name, head_sha: ref, external_id: externalId }: CheckRun,
): Promise<number | undefined> {
  const { data } = await octokit.rest.checks.listForRef({
    ...nameOf(repository),
    ref,
    check_name: name,
    app_id: appId,
    filter: 'all',
    per_page: 100,
  });
  return data.check_runs.find((run) => run.external_id === externalId)?.id;
}
