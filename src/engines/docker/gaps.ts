import type { Gap } from '../../spec/index.ts';
import type { GpuDevice, Isolation, Tee } from '../index.ts';
import { DEFAULT_CAPABILITIES } from './rights.ts';

/** Told where a location hands out no GPU. */
const GPU_GAPS = ['requests', 'limits'].map((part) =>
  gap(
    `properties.containers[*].properties.resources.${part}.gpu`,
    'GPUs are not handed out by this location',
    'Remove `gpu`, or have those of a host listed in the settings: locations.NAME.gpus.',
  ),
);

/** Told where no host says which zone it is in. */
const ZONES_GAP: Gap = {
  ...gap(
    'zones',
    'no host of this location says its zone',
    'Remove `zones`; choose the host with `location`.',
  ),
  severity: 'warning',
};

const MORE_RIGHTS =
  'Run it in a location whose groups have a kernel of their own (isolation: sandbox or hypervisor)';

/** What a security context may not do where the containers of all groups share the host's kernel. */
const SHARED_KERNEL_GAPS = ['containers', 'initContainers'].flatMap((list): Gap[] => [
  gap(
    `properties.${list}[*].properties.securityContext.privileged`,
    'a privileged container would have every right over the host’s own kernel, which this location shares with its groups',
    `${MORE_RIGHTS}, or remove it.`,
    'true',
  ),
]);

/** The same, where the settings do not say that a group may have more rights than the engine gives by itself. */
const WIDENING_GAPS = ['containers', 'initContainers'].flatMap((list): Gap[] => [
  {
    ...gap(
      `properties.${list}[*].properties.securityContext.capabilities.add[*]`,
      'a capability beyond those that every container has reaches into the host’s own kernel',
      `${MORE_RIGHTS}, or have the bot’s settings allow it (locations.NAME.securityContext: widen).`,
    ),
    except: DEFAULT_CAPABILITIES.flatMap((name) => [name, `CAP_${name}`]),
  },
  gap(
    `properties.${list}[*].properties.securityContext.seccompProfile`,
    'a profile would take the place of the one that protects the host’s own kernel',
    `${MORE_RIGHTS}, or have the bot’s settings allow it (locations.NAME.securityContext: widen).`,
  ),
]);

/** Told where no processor keeps the memory of groups from their host. */
const TEE_GAP = gap(
  'properties.sku',
  'confidential groups need hosts with a trusted execution environment (AMD SEV-SNP, Intel TDX), and this location has none',
  'Use sku: Standard, or a location whose settings name one: locations.NAME.tee.',
  'Confidential',
);

/** Told where the settings name nobody who keeps the lines. */
const LOGS_GAP = gap(
  'properties.diagnostics',
  'the logs of this location are shipped nowhere',
  'Remove `diagnostics`, `katabot logs` shows them; or have the settings say where they go: locations.NAME.logs.',
);

/** A host may be let in where its groups should not be: servers are allowed one by one. */
const NFS_GAP = gap(
  'properties.volumes[*].nfs.server',
  'this location does not mount from that server',
  'Have it listed in the bot’s settings (locations.NAME.nfsServers), letter by letter.',
);

/** What a Windows group cannot have besides: nothing of the bot's own runs beside or inside its container. */
const WINDOWS_GAPS: readonly Gap[] = [
  gap('securityContext', 'users, capabilities and seccomp are parts of Linux', 'Remove `securityContext`.'),
  ...['secureValue', 'secureValueReference'].map((property) =>
    gap(
      `environmentVariables[*].${property}`,
      'on Windows the engine shows every environment variable to whoever may ask it',
      'Have the program fetch the secret itself, or run it in a group of osType: Linux.',
    ),
  ),
  gap(
    'configMap',
    'on Windows no files are brought into a container',
    'Use environmentVariables, or put the files into the image.',
  ),
  ...['livenessProbe', 'readinessProbe'].map((probe) =>
    gap(
      `${probe}.httpGet`,
      'on Windows nothing of the bot’s own can ask from inside the group',
      'Use exec, such as exec: {command: [curl.exe, -fsS, http://localhost/]}, which the base images of Windows have.',
    ),
  ),
].map((each) => ({ ...each, path: `properties.containers[*].properties.${each.path}`, osType: 'Windows' }));

/** What of ACI's schema this engine does not do yet. Each is told at its line; nothing is silently ignored. */
export const DOCKER_GAPS: readonly Gap[] = [
  ...WINDOWS_GAPS,
  ...GPU_GAPS,
  ...SHARED_KERNEL_GAPS,
  ...WIDENING_GAPS,
  gap(
    'properties.volumes[*].azureFile.userAssignedIdentityClientId',
    'managed identities do not exist outside Azure',
    'Log in with storageAccountKey, or with storageAccountKeyReference: katabot:NAME.',
  ),
  NFS_GAP,
  TEE_GAP,
  gap(
    'properties.confidentialComputeProperties',
    'its policy is read by Azure’s own guest alone; what a guest here allows its runtime says',
    'Remove it; whoever runs the host says it in the class of the runtime.',
  ),
  gap(
    'identity.type',
    'managed identities do not exist outside Azure',
    'Hand the group its credentials as secure environment variables: secureValueReference: katabot:NAME.',
    'SystemAssigned',
  ),
  gap(
    'identity.type',
    'managed identities do not exist outside Azure',
    'Hand the group its credentials as secure environment variables: secureValueReference: katabot:NAME.',
    'UserAssigned',
  ),
  gap(
    'identity.type',
    'managed identities do not exist outside Azure',
    'Hand the group its credentials as secure environment variables: secureValueReference: katabot:NAME.',
    'SystemAssigned, UserAssigned',
  ),
  gap(
    'properties.identityAcls',
    'managed identities do not exist outside Azure',
    'Remove `identityAcls`; which container has which secret its own environment says.',
  ),
  LOGS_GAP,
  gap(
    'properties.extensions',
    'extensions are parts of Azure’s virtual nodes for Kubernetes',
    'Remove `extensions`; `katabot gpu` and `GET /metrics` tell what the group uses, and its address needs no proxy.',
  ),
  gap(
    'properties.containerGroupProfile',
    'a profile is a resource of Azure, which the bot cannot read',
    'Write the properties into the file itself; sandboxes that wait are `locations.NAME.standby` in the settings.',
  ),
  gap(
    'properties.standbyPoolProfile',
    'a file does not choose the pool that its group comes from',
    'Remove `standbyPoolProfile`: a group takes a sandbox that waits by itself, where `locations.NAME.standby` in the settings has one of its size.',
  ),
  {
    ...gap(
      'properties.encryptionProperties',
      'the host’s own disk encryption applies, not a key of yours',
      'Remove it, or have the host’s disks encrypted.',
    ),
    severity: 'warning',
  },
  ZONES_GAP,
];

/** What a location does not do, by its settings. */
export function dockerGaps({
  gpus = [],
  gpusElsewhere = false,
  isolation,
  mayWiden = false,
  nfsServers = [],
  shipsLogs = false,
  tee,
  zoned = false,
}: {
  readonly gpus?: readonly GpuDevice[] | undefined;
  readonly gpusElsewhere?: boolean | undefined;
  readonly isolation: Isolation;
  readonly mayWiden?: boolean | undefined;
  readonly nfsServers?: readonly string[] | undefined;
  readonly shipsLogs?: boolean | undefined;
  readonly tee?: Tee | undefined;
  readonly zoned?: boolean | undefined;
}): readonly Gap[] {
  const lifted = new Set([
    ...(gpus.length || gpusElsewhere ? GPU_GAPS : []),
    ...(shipsLogs ? [LOGS_GAP] : []),
    ...(tee ? [TEE_GAP] : []),
    ...(zoned ? [ZONES_GAP] : []),
    ...(isolation === 'none' ? [] : SHARED_KERNEL_GAPS),
    ...(isolation === 'none' && !mayWiden ? [] : WIDENING_GAPS),
  ]);
  return DOCKER_GAPS.filter((each) => !lifted.has(each)).map((each) =>
    each === NFS_GAP ? { ...each, except: nfsServers } : each,
  );
}

function gap(path: string, because: string, advice: string, equals?: string): Gap {
  return { path, severity: 'error', because, advice, ...(equals === undefined ? {} : { equals }) };
}
