import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Pack, pack } from 'tar-stream';
import * as z from 'zod';
import { within } from '../../clock.ts';
import type { Container } from '../../spec/index.ts';
import type { Pod } from '../index.ts';
import { statusOf } from './causes.ts';
import { configVolume, sandboxPath, withConfigMap } from './containers.ts';

/**
 * Brings the config maps of a running pod up to date. Every file of a container changes at one moment: the new ones are
 * written beside the old ones, and then the folder's name leads to them. Safe to repeat.
 */
export async function deliverConfigMaps(
  docker: Docker,
  pod: Pod,
  sandboxId: string,
  signal: AbortSignal,
): Promise<void> {
  const sandbox = docker.getContainer(sandboxId);
  await Promise.all(
    withConfigMap(pod).map(async (container) => {
      const path = sandboxPath(configVolume(container.name));
      const before = await leadsTo(sandbox, `${path}/${container.name}`, signal);
      const archive = configArchive(container, before);
      if (archive) await within(signal, sandbox.putArchive(Readable.from(archive), { path }));
    }),
  );
}

/** Undefined when the files that are there are these. */
function configArchive({ name, configMap }: Container, before: string | undefined): Pack | undefined {
  const files = Object.entries(configMap?.keyValuePairs ?? {});
  const folder = `..${createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16)}`;
  if (folder === before) return undefined;
  const archive = pack();
  archive.entry({ name: folder, type: 'directory', mode: 0o755 });
  for (const [file, content] of files) archive.entry({ name: `${folder}/${file}`, mode: 0o444 }, content);
  archive.entry({ name, type: 'symlink', linkname: folder });
  // The engine removes nothing on its own; a folder in whose place a file comes goes with all that is in it.
  if (before !== undefined) archive.entry({ name: before, mode: 0o444 }, '');
  archive.finalize();
  return archive;
}

/** Where a link in the sandbox leads to; undefined when there is none. */
async function leadsTo(
  sandbox: Docker.Container,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const answer: unknown = await within(signal, sandbox.infoArchive({ path }));
    if (answer instanceof Readable) answer.resume(); // all of it is in its head
    const { headers } = statAnswer.parse(answer);
    const stat = Buffer.from(headers['x-docker-container-path-stat'], 'base64').toString('utf8');
    return pathStat.parse(JSON.parse(stat)).linkTarget.split('/').at(-1) || undefined;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

const statAnswer = z.object({ headers: z.object({ 'x-docker-container-path-stat': z.string() }) });
const pathStat = z.object({ linkTarget: z.string() });
