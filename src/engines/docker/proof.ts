import type Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { type Isolation, isIsolated, type Pod, type Receipt, type Tee } from '../index.ts';
import type { Connection } from './connection.ts';
import { type Looking, lookAtGroup, lookAtHost } from './look.ts';
import { ensureSandboxImage } from './sandbox-image.ts';
import { type Traits, tooOldForMachines } from './traits.ts';

/** How long a proof of the host stands: its engine may be restarted with other runtimes. Each group is looked at anyway. */
const STANDS_MS = 10 * 60_000;
/** Virtual machines are started and ended for it. */
const LOOK_LIMIT_MS = 180_000;

export interface Proof {
  /** What the runtime of the host does, looked at on sandboxes of the bot's own. A look that fails proves nothing. */
  ofHost(
    asked: { connection: Connection; host: HostFacts; api: number; version: string },
    signal: AbortSignal,
  ): Promise<Receipt>;
  /**
   * Looks at a group's sandbox, once; undefined when it was looked at before, or nothing is required. Throws a Failure
   * `isolation-missing`.
   */
  ofGroup(
    docker: Docker,
    host: HostFacts,
    pod: Pod,
    sandboxId: string,
    signal: AbortSignal,
  ): Promise<Receipt | undefined>;
  /** What was seen of a sandbox that has shown what is required; undefined for one that has not been looked at. */
  receiptOf(sandboxId: string): Receipt | undefined;
}

interface HostFacts {
  readonly architecture: string;
  readonly kernel: string;
  readonly traits: Traits;
}

interface ProofSettings {
  readonly owner: string;
  readonly runtime: string;
  readonly isolation: Isolation;
  readonly tee?: Tee | undefined;
}

const NOTHING_REQUIRED: Receipt = { level: 'none', saw: '' };

/** Whether groups get the isolation that their location requires: shown of the host, and of each group before it runs. */
export function createProof({ owner, runtime, isolation, tee }: ProofSettings, clock: Clock): Proof {
  const boots = new Map<string, string>();
  const proven = new Map<string, Receipt>();
  const looking = (docker: Docker, { kernel, traits }: HostFacts, image: string): Looking => ({
    docker,
    owner,
    runtime,
    traits,
    image,
    hostKernel: kernel,
    tee,
    boots,
  });
  let last: { readonly receipt: Promise<Receipt>; readonly untilMs: number } | undefined;
  /** Goes on for the others when the one who asked first has left. */
  const lookOnce = (connection: Connection, host: HostFacts) => {
    const limit = AbortSignal.timeout(LOOK_LIMIT_MS);
    const look = async (docker: Docker) =>
      lookAtHost(looking(docker, host, await ensureSandboxImage(docker, host.architecture)), limit);
    return connection
      .call('to look at its runtime', look, limit, LOOK_LIMIT_MS)
      .catch((error: unknown): Receipt => {
        last = undefined; // looked at again when it is asked next
        return { level: 'none', saw: `it could not be looked at: ${messageOf(error)}` };
      });
  };
  return {
    ofHost({ connection, host, api, version }, signal) {
      if (isolation === 'none') return Promise.resolve(NOTHING_REQUIRED);
      const tooOld = isolation === 'hypervisor' ? tooOldForMachines(api, version) : undefined;
      if (tooOld) return Promise.resolve({ level: 'none', saw: tooOld });
      if (last && clock.now() >= last.untilMs) last = undefined;
      last ??= { receipt: lookOnce(connection, host), untilMs: clock.now() + STANDS_MS };
      return within(signal, last.receipt);
    },
    receiptOf: (sandboxId) => proven.get(sandboxId),
    async ofGroup(docker, host, pod, sandboxId, signal) {
      if (isolation === 'none' || proven.has(sandboxId)) return undefined;
      const image = await ensureSandboxImage(docker, host.architecture);
      const receipt = await lookAtGroup(looking(docker, host, image), pod, sandboxId, signal);
      if (isIsolated(receipt.level, isolation)) {
        proven.set(sandboxId, receipt);
        return receipt;
      }
      throw notIsolated(
        isolation,
        receipt,
        `Whoever runs the bot mends the runtime ${runtime} on the host; katabot doctor shows what it does.`,
      );
    },
  };
}

/** What is told of a group that is removed because it showed too little. */
export function notIsolated(required: Isolation, { saw }: Receipt, advice: string): Failure {
  return new Failure(
    'isolation-missing',
    `The group did not get the isolation that its location requires (${required}): ${saw}. It was removed before anything of it ran.`,
    { advice },
  );
}
