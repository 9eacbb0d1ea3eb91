import type Docker from 'dockerode';
import { type Isolation, isIsolated, type Pod, type StepContext } from '../index.ts';
import type { Connection } from './connection.ts';
import { unlessGone } from './gone.ts';
import { podId } from './labels.ts';
import { networkOptions } from './networks.ts';
import { blamed, createdOrFound, orNothing, START_LIMIT_MS } from './pods.ts';
import { notIsolated } from './proof.ts';
import { removePod, unlessThere } from './removal.ts';
import { ENDED, type WindowsHost, wholeOptions, windowsReceipt } from './windows.ts';

interface WindowsParts {
  readonly connection: Connection;
  readonly settings: {
    readonly owner: string;
    readonly isolation: Isolation;
    readonly stopGraceSeconds: number;
  };
  readonly windows: WindowsHost;
}

/** The group's network, and its container, not started yet. Finds its own work when it is repeated. */
export async function createWhole(
  parts: Omit<WindowsParts, 'windows'>,
  pod: Pod,
  context: StepContext,
): Promise<void> {
  const { owner } = parts.settings;
  const sandboxId = await orNothing(parts, pod, context, async (docker) => {
    await unlessThere(docker.createNetwork(networkOptions(owner, pod, 'nat')));
    return createdOrFound(docker, wholeOptions(owner, pod));
  });
  await context.report({ kind: 'sandbox-started', sandboxId });
}

/** Starts the container, for the first time or again, unless it has become another one than was asked for. */
export async function startWhole(
  parts: WindowsParts,
  { pod, sandboxId, containers: [name = ''] }: { pod: Pod; sandboxId: string; containers: readonly string[] },
  context: StepContext,
): Promise<void> {
  const { connection, settings, windows } = parts;
  const { HostConfig, State } = await connection.call(
    'to look at the container',
    (docker) => docker.getContainer(sandboxId).inspect(),
    context.signal,
  );
  const receipt = windowsReceipt(HostConfig.Isolation, windows);
  if (!isIsolated(receipt.level, settings.isolation)) {
    await removePod(parts, podId(settings.owner, pod.key, pod.podRevision), context);
    throw notIsolated(settings.isolation, receipt, 'Whoever runs the host looks at its engine.');
  }
  if (State.Status === 'created') await context.report({ kind: 'isolation', ...receipt });
  const start = (docker: Docker) => blamed(name, unlessThere(docker.getContainer(sandboxId).start()));
  await connection.call(`to start ${name}`, start, context.signal, START_LIMIT_MS);
}

/** Its name says that it is not to be started again. */
export async function endWhole(
  { connection }: Pick<WindowsParts, 'connection'>,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const end = async (docker: Docker) => {
    const container = docker.getContainer(id);
    const { Name } = await container.inspect();
    if (!Name.endsWith(ENDED)) await container.rename({ name: `${Name.slice(1)}${ENDED}` });
  };
  await connection.call('to end', (docker) => unlessGone(end(docker)), signal);
}
