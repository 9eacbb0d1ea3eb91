import { groupSize } from '../../spec/index.ts';
import type { Isolation, Pod } from '../index.ts';

// Pure: what differs between hosts, as data.

/** What an engine can be asked for; differences between hosts are data. */
export interface Traits {
  /** Docker 24 and newer hand annotations to the runtime, which joins a group's containers in one virtual machine by them. */
  readonly annotations: boolean;
  /** A file on the host with the name servers that its groups ask, in place of the engine's own, which no virtual machine reaches. */
  readonly resolverFile?: string;
  /** Groups do not reach the engine's own name server, so that a file says whom they ask: they have a kernel of their own. */
  readonly ownKernel?: boolean;
  /** Where GPUs are handed out: how groups are isolated there, which decides the way of a card into a container. */
  readonly gpus?: { readonly isolation: Isolation };
}

/**
 * From the version of the engine's API, such as 1.44, and what the engine tells of the runtime. gVisor that is registered by
 * its path waits for ever when a second container joins a sandbox by annotation: each of its containers is one by itself.
 */
export function traitsOf(
  { api, runtime }: { readonly api: number; readonly runtime: { readonly path?: string } | undefined },
  resolverFile?: string,
): Traits {
  const isGvisorByPath = /(^|\/)runsc$/.test(runtime?.path ?? '');
  return {
    annotations: api >= ANNOTATIONS_API && !isGvisorByPath,
    ...(resolverFile === undefined ? {} : { resolverFile }),
  };
}

/** Docker 24: `HostConfig.Annotations`. An older engine leaves them out without a word. */
const ANNOTATIONS_API = 1.43;
/** Docker 25: what Katabot puts into virtual machines at all. */
const MACHINES_API = 1.44;

/** Why an engine of this version puts no group into a virtual machine; undefined when it does. */
export function tooOldForMachines(api: number, version: string): string | undefined {
  if (api >= MACHINES_API) return undefined;
  return `Docker Engine ${version} joins no containers in a virtual machine; that takes 25 or newer (API ${MACHINES_API})`;
}

const KIND = 'io.kubernetes.cri.container-type';
/** A sandbox of any size. */
export const IS_SANDBOX = { [KIND]: 'sandbox' };
/** What the guest's own kernel and agent need of the virtual machine's memory. */
const GUEST_BYTES = 128 * 2 ** 20;

/**
 * What Kata's shim reads of a sandbox: that it is one, and how large a machine the whole group takes. containerd's shim for
 * runc puts the containers of a group under one supervisor by the same words.
 */
export function sandboxAnnotations({ group }: Pod): Record<string, string> {
  const { vcpuMilli, memoryBytes } = groupSize(group);
  return {
    ...IS_SANDBOX,
    'io.kubernetes.cri.sandbox-cpu-period': '100000',
    'io.kubernetes.cri.sandbox-cpu-quota': String(vcpuMilli * 100),
    'io.kubernetes.cri.sandbox-memory': String(memoryBytes + GUEST_BYTES),
  };
}

/** What makes a container a member: the sandbox by its whole id, for shims find one another by it. */
export function memberAnnotations(name: string, sandboxId: string): Record<string, string> {
  return {
    [KIND]: 'container',
    'io.kubernetes.cri.sandbox-id': sandboxId,
    'io.kubernetes.cri.container-name': name,
  };
}
