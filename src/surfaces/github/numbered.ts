import type { Caller } from '../../policy/index.ts';
import { nameOf } from './names.ts';
import type { Desk } from './parts.ts';
import { callerFor, personNumbered } from './people.ts';
import { rulesFor } from './repository-rules.ts';
import { statusOf } from './tree.ts';

/**
 * What the person with a number may do in a repository, by the role that they have there now, whatever they are called now,
 * and by the repository's own rules.
 * Gives undefined for a number that is nobody's, and for a repository that the app is not installed in. Throws while GitHub
 * does not answer.
 */
export async function callerNumbered(
  desk: Desk,
  repository: string,
  github: number,
): Promise<Caller | undefined> {
  const installation = desk.installations.get(repository) ?? (await installationOf(desk, repository));
  if (installation === undefined) return undefined;
  const octokit = await desk.clients.installation(installation);
  const person = await personNumbered(octokit, github);
  if (!person) return undefined;
  const { data } = await octokit.rest.repos.get(nameOf(repository));
  const rules = await rulesFor(desk, octokit, repository, data.default_branch);
  return callerFor(octokit, repository, person, rules);
}

/** For a repository that nothing was heard of since the start. */
async function installationOf(desk: Desk, repository: string): Promise<number | undefined> {
  try {
    const app = await desk.clients.app();
    const { data } = await app.rest.apps.getRepoInstallation(nameOf(repository));
    desk.installations.set(repository, data.id);
    return data.id;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
