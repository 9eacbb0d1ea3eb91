import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import { type Pod, type Receipt, type Tee, weakest } from '../index.ts';
import { removeContainer } from './gone.ts';
import { GUEST_FILES, type GuestView, guestFrom, judge } from './isolation.ts';
import { LABEL, podId } from './labels.ts';
import { containerLines } from './logs.ts';
import { IS_SANDBOX, memberAnnotations, type Traits } from './traits.ts';

// Looks at sandboxes from outside and from inside; what that proves is decided in isolation.ts.

/** What looking takes: the engine, how its containers are made, and what was seen before. */
export interface Looking {
  readonly docker: Docker;
  readonly owner: string;
  readonly runtime: string;
  readonly traits: Traits;
  /** The sandbox's image, which has the program that looks. */
  readonly image: string;
  readonly hostKernel: string;
  readonly tee: Tee | undefined;
  /** The boot of each sandbox that was looked at, newest last. */
  readonly boots: Map<string, string>;
}

const MOST_BOOTS = 1_000;

/** How the sandbox of a group is isolated, as it is seen before anything of the group runs in it. */
export async function lookAtGroup(
  looking: Looking,
  pod: Pod,
  sandboxId: string,
  signal: AbortSignal,
): Promise<Receipt> {
  const id = podId(looking.owner, pod.key, pod.podRevision);
  const guest = await lookInside(looking, { name: `${id}.look`, pod: id, sandboxId }, signal);
  return judged(looking, sandboxId, [guest], signal);
}

/**
 * What the runtime of a host does, on two sandboxes of the bot's own: whether it isolates, whether containers of one group
 * meet in one machine, and those of two do not. Nothing of them stays.
 */
export async function lookAtHost(looking: Looking, signal: AbortSignal): Promise<Receipt> {
  const names = ['first', 'second'].map((name) => `${looking.owner}.look.${name}`);
  try {
    const receipts: Receipt[] = [];
    for (const [index, name] of names.entries()) {
      const sandboxId = await startSandbox(looking, name, signal);
      const guests: GuestView[] = [];
      for (let count = 0; count < 2 - index; count++)
        guests.push(await lookInside(looking, { name: `${name}.look`, pod: name, sandboxId }, signal));
      receipts.push(await judged(looking, sandboxId, guests, signal));
    }
    return weakest(receipts) ?? { level: 'none', saw: '' };
  } finally {
    for (const name of names) {
      await removeContainer(looking.docker, `${name}.look`);
      await removeContainer(looking.docker, `${name}.sandbox`);
    }
  }
}

async function judged(
  { docker, hostKernel, boots, tee }: Looking,
  sandboxId: string,
  guests: readonly GuestView[],
  signal: AbortSignal,
): Promise<Receipt> {
  const container = docker.getContainer(sandboxId);
  const { Titles, Processes } = await within(signal, container.top({ ps_args: '-eo pid,args' }));
  const column = Titles.findIndex((title: string) => /^(command|args|cmd)$/i.test(title));
  const processes = Processes.map((row: readonly string[]) => row[column] ?? '');
  const otherBoots = new Set([...boots].filter(([id]) => id !== sandboxId).map(([, boot]) => boot));
  const receipt = judge({ sandboxId, hostKernel, processes, guests, otherBoots, tee });
  boots.set(sandboxId, guests[0]?.boot ?? '');
  for (const id of boots.keys()) if (boots.size > MOST_BOOTS) boots.delete(id);
  return receipt;
}

/** Runs the bot's own program beside the sandbox, and reads what it printed. A user's image is never asked. */
async function lookInside(
  looking: Looking,
  { name, pod, sandboxId }: Place,
  signal: AbortSignal,
): Promise<GuestView> {
  const { docker } = looking;
  await removeContainer(docker, name); // of a look that was cut short
  const container = await docker.createContainer(lookOptions(looking, { name, pod, sandboxId }));
  try {
    await within(signal, container.start());
    await within(signal, container.wait());
    const lines: string[] = [];
    const log = containerLines(docker, { id: container.id, name }, { follow: false }, signal);
    for await (const { text } of log) lines.push(text);
    return guestFrom(lines);
  } finally {
    await removeContainer(docker, name);
  }
}

/** Where to look: the sandbox, the pod that the looking goes with when it is removed, and a name of its own. */
interface Place {
  readonly name: string;
  readonly pod: string;
  readonly sandboxId: string;
}

type Making = Pick<Looking, 'runtime' | 'traits' | 'image' | 'owner'>;

/** A member of the sandbox that may do nothing, and prints the files that it is given. Pure. */
export function lookOptions({ runtime, traits, image, owner }: Making, { name, pod, sandboxId }: Place) {
  return {
    name,
    Image: image,
    Entrypoint: ['/look'],
    Cmd: Object.values(GUEST_FILES),
    Labels: { [LABEL.pod]: pod, [LABEL.look]: owner },
    HostConfig: {
      Runtime: runtime,
      NetworkMode: `container:${sandboxId}`,
      IpcMode: `container:${sandboxId}`,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      LogConfig: { Type: 'json-file', Config: {} },
      ...(traits.annotations ? { Annotations: memberAnnotations('look', sandboxId) } : {}),
    },
  };
}

async function startSandbox(looking: Looking, name: string, signal: AbortSignal): Promise<string> {
  const { docker, runtime, traits, image, owner } = looking;
  await removeContainer(docker, `${name}.sandbox`);
  const container = await docker.createContainer({
    name: `${name}.sandbox`,
    Image: image,
    StopSignal: 'SIGKILL',
    Labels: { [LABEL.pod]: name, [LABEL.look]: owner },
    HostConfig: {
      Runtime: runtime,
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      IpcMode: 'shareable',
      ...(traits.annotations ? { Annotations: IS_SANDBOX } : {}),
    },
  });
  await within(signal, container.start());
  return container.id;
}
