/** What `--keep` writes down, so that `--stop` finds it again. */
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../world/docker.ts';
import { connect } from '../world/docker.ts';
import { removeContainersAndNetworks } from '../world/leftovers.ts';
import { stopPrivateEngine } from '../world/private-engine-stop.ts';
import type { DemoBot } from './bot.ts';
import { katabot, line } from './show.ts';

const KEPT = join(tmpdir(), 'katabot-demo.json');
const DELETE_LIMIT_MS = 60_000;
const END_LIMIT_MS = 30_000;

interface Kept {
  readonly pid: number;
  readonly instance: string;
  readonly folder: string;
  readonly engineFolder: string | null;
  readonly environment: Record<string, string>;
}

export async function isKept(): Promise<boolean> {
  return (await readKept()) !== undefined;
}

export async function keep(bot: DemoBot, folder: string, engine: Engine): Promise<void> {
  const { pid, instance, environment } = bot;
  const kept: Kept = { pid, instance, folder, engineFolder: engine.folder ?? null, environment };
  await writeFile(KEPT, JSON.stringify(kept), { mode: 0o600 });
  if (engine.folder) await handOver(engine.folder, pid);
  bot.leave();
}

/** A private engine belongs to a process, and goes when that is gone: from now on that is the bot. */
async function handOver(engineFolder: string, pid: number): Promise<void> {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startedAt = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  await writeFile(join(engineFolder, 'owner.json'), JSON.stringify({ pid, startedAt }));
}

export async function stopKept(): Promise<void> {
  const kept = await readKept();
  if (!kept) return line('No demo was left running.');
  const { pid, instance, folder, engineFolder, environment } = kept;
  for (const group of ['hello', 'parrot'])
    await katabot(['delete', group], { environment, signal: AbortSignal.timeout(DELETE_LIMIT_MS) });
  await endProcess(pid);
  if (engineFolder) await stopPrivateEngine(engineFolder);
  else await removeLeftovers(environment['DOCKER_HOST'] ?? '', instance);
  await rm(folder, { recursive: true, force: true });
  await rm(KEPT, { force: true });
  line('The demo has ended; nothing is left behind.');
}

/** Whatever of one demo is still on an engine that goes on without it. */
export async function removeLeftovers(dockerHost: string, instance: string): Promise<void> {
  const docker = connect(dockerHost);
  await removeContainersAndNetworks(docker, (labels) => labels?.['katabot.owner'] === instance);
  const { Volumes } = await docker.listVolumes({
    filters: JSON.stringify({ label: [`katabot.owner=${instance}`] }),
  });
  await Promise.allSettled((Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove()));
}

async function readKept(): Promise<Kept | undefined> {
  const text = await readFile(KEPT, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

async function endProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
    for (const deadline = Date.now() + END_LIMIT_MS; Date.now() < deadline; ) {
      process.kill(pid, 0);
      await new Promise((again) => setTimeout(again, 100));
    }
    process.kill(pid, 'SIGKILL');
  } catch {
    // it is gone
  }
}
