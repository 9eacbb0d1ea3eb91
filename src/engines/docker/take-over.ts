import type Docker from 'dockerode';
import { classFrom, type Isolation, type Pod, unfitFor } from '../index.ts';
import { adoptedName, adoptionIn } from './adopted.ts';
import { statusOf } from './causes.ts';
import { LABEL, podId } from './labels.ts';
import { removeStandby } from './standby.ts';

/**
 * Makes the sandbox that waits in the pod's network the pod's own. Gives its id; undefined where none waits there. One that
 * waits there and does not fit goes, so that another can be made in its place.
 */
export async function takeOver(
  docker: Docker,
  { owner, isolation }: { readonly owner: string; readonly isolation: Isolation },
  pod: Pod,
  atMs: number,
): Promise<string | undefined> {
  if (!pod.subnet) return undefined;
  const label = [`${LABEL.standby}=${owner}`, `${LABEL.subnet}=${pod.subnet}`];
  const found = await docker.listContainers({ all: true, filters: { label } });
  const id = podId(owner, pod.key, pod.podRevision);
  const own = found.find(({ Names }) => adoptionIn(owner, Names[0] ?? '')?.podId === id);
  if (own) return own.Id; // it was taken over before
  const waiting = found.find(({ Names }) => !adoptionIn(owner, Names[0] ?? ''));
  if (!waiting) return undefined;
  if (isFit(waiting, pod, isolation === 'hypervisor')) {
    const name = adoptedName({ podId: id, fingerprint: pod.fingerprint, atMs });
    const renamed = docker.getContainer(waiting.Id).rename({ name });
    if (await renamed.then(() => true, isGone)) return waiting.Id;
  }
  await removeStandby(docker, owner, waiting.Labels[LABEL.standbyId] ?? '');
  return undefined;
}

/** It went in this very moment: false, as nothing was taken over. */
function isGone(error: unknown): false {
  if (statusOf(error) === 404) return false;
  throw error;
}

function isFit({ State, Labels, Ports }: Docker.ContainerInfo, pod: Pod, exact: boolean): boolean {
  const size = classFrom(Labels[LABEL.size] ?? '');
  const are = Ports.filter(({ PublicPort }) => PublicPort).map(
    ({ IP, PrivatePort, PublicPort, Type }) => `${IP} ${PublicPort} ${PrivatePort} ${Type}`,
  );
  const should = pod.published.map(
    ({ address, hostPort, port, protocol }) => `${address} ${hostPort} ${port} ${protocol.toLowerCase()}`,
  );
  return (
    State === 'running' &&
    unfitFor(pod.group, size, { exact }) === undefined &&
    new Set(are).symmetricDifference(new Set(should)).size === 0
  );
}
