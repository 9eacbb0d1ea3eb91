import {
  choice,
  envelope,
  flag,
  type Infer,
  ignored,
  integer,
  list,
  map,
  names,
  object,
  required,
  secretText,
  text,
  withDefault,
} from '../field.ts';
import { container, initContainer } from './containers.ts';
import { dnsConfig, ipAddress, networkProfile, subnetId } from './network.ts';
import { registryCredential } from './registries.ts';
import { volume } from './volumes.ts';

const logAnalytics = object(
  {
    workspaceId: required(text({ says: 'Id of the workspace.' })),
    workspaceKey: required(secretText({ says: 'Key of the workspace.' })),
    workspaceResourceId: text({ says: 'ARM id of the workspace.', since: '2020-11-01' }),
    logType: choice(['ContainerInsights', 'ContainerInstanceLogs'], {
      says: 'Kind of log.',
      since: '2018-09-01',
    }),
    metadata: map(text({ says: 'Value.' }), { says: 'Added to every line.', since: '2018-09-01' }),
  },
  { says: 'Where Azure sends the logs.' },
);

const properties = {
  containers: list(container, {
    says: 'The containers of the group, which share network and volumes.',
    effect: 'replace',
  }),
  initContainers: list(initContainer, {
    says: 'Containers that run one after another before the others.',
    since: '2019-12-01',
    effect: 'replace',
  }),
  osType: required(
    choice(['Linux', 'Windows'], {
      says: 'Operating system of the containers.',
      code: 'InvalidOsType',
      effect: 'replace',
    }),
    'InvalidOsType',
  ),
  restartPolicy: withDefault(
    choice(['Always', 'OnFailure', 'Never'], {
      says: 'What happens when a container ends.',
      effect: 'replace',
    }),
    'Always',
  ),
  ipAddress,
  volumes: list(volume, { says: 'Volumes that containers can mount.', effect: 'replace' }),
  imageRegistryCredentials: list(registryCredential, {
    says: 'Logins for private registries.',
    effect: 'in-place',
  }),
  subnetIds: list(subnetId, {
    says: 'Subnets to join; one takes effect.',
    since: '2021-07-01',
    effect: 'replace',
  }),
  networkProfile,
  dnsConfig,
  diagnostics: object(
    { logAnalytics },
    { says: 'Where logs go besides the host.', since: '2018-06-01', effect: 'restart' },
  ),
  sku: withDefault(
    choice(['NotSpecified', 'Standard', 'Dedicated', 'Confidential'], {
      says: 'Class of the host.',
      since: '2019-12-01',
      effect: 'replace',
    }),
    'Standard',
  ),
  priority: withDefault(
    choice(['Regular', 'Spot'], {
      says: 'Spot groups are cheaper and may be evicted.',
      since: '2022-10-01-preview',
      code: 'PriorityNotSpecified',
      effect: 'replace',
    }),
    'Regular',
  ),
  encryptionProperties: object(
    {
      vaultBaseUrl: required(text({ says: 'Address of the key vault.' })),
      keyName: required(text({ says: 'Name of the key.' })),
      keyVersion: required(text({ says: 'Version of the key.' })),
      identity: text({ says: 'ARM id of the identity that reads the key.', since: '2022-09-01' }),
    },
    { says: 'A key of your own for data at rest.', since: '2019-12-01', effect: 'replace' },
  ),
  confidentialComputeProperties: object(
    { ccePolicy: text({ says: 'Enforcement policy, base64.' }) },
    { says: 'Policy of a confidential group.', since: '2022-10-01-preview', effect: 'replace' },
  ),
  extensions: list(
    envelope(
      { name: required(text({ says: 'Name of the extension.' })) },
      {
        extensionType: required(text({ says: 'Kind of extension.' })),
        version: required(text({ says: 'Version of the extension.' })),
        settings: ignored('Settings of the extension.'),
        protectedSettings: ignored('Secret settings of the extension.'),
      },
      { says: 'One extension.' },
    ),
    { says: 'Extensions of virtual nodes.', since: '2022-09-01', effect: 'replace' },
  ),
  secretReferences: list(
    object(
      {
        name: required(text({ says: 'Name that other properties refer to.' })),
        identity: text({ says: 'ARM id of the identity that reads Key Vault; nothing here.' }),
        secretReferenceUri: required(
          text({
            says: 'The secret: `katabot:` and the name that the bot keeps it under.',
            example: 'katabot:DATABASE',
          }),
        ),
      },
      { says: 'One secret.' },
    ),
    {
      says: 'Secrets that the bot keeps, under names of this file. References may also name them straight.',
      since: '2025-09-01',
      effect: 'in-place',
    },
  ),
  identityAcls: object(
    {
      defaultAccess: choice(['All', 'System', 'User'], {
        says: 'Who may use identities where nothing else is said.',
      }),
      acls: list(
        object(
          {
            identity: required(text({ says: 'ARM id.' })),
            access: choice(['All', 'System', 'User'], { says: 'Who may use it.' }),
          },
          { says: 'One rule.' },
        ),
        { says: 'Rules for single identities.' },
      ),
    },
    { says: 'Which containers may use which identity.', since: '2025-09-01', effect: 'replace' },
  ),
  containerGroupProfile: object(
    {
      id: required(text({ says: 'ARM id of the profile.' })),
      revision: integer({ says: 'Revision of the profile.' }),
    },
    { says: 'A profile to take properties from.', since: '2024-05-01-preview', effect: 'replace' },
  ),
  standbyPoolProfile: object(
    {
      id: required(text({ says: 'ARM id of the pool.' })),
      failContainerGroupCreateOnReuseFailure: flag({ says: 'Whether to fail rather than to start cold.' }),
    },
    { says: 'A pool of groups that wait.', since: '2024-05-01-preview', effect: 'replace' },
  ),
  provisioningState: ignored('Written by exports.'),
  instanceView: ignored('Written by exports.'),
  isCreatedFromStandbyPool: ignored('Written by exports.'),
  provisioningTimeoutInSeconds: ignored('Written by exports.', {
    code: 'CustomProvisioningTimeoutInSecondsNotSuppported',
  }),
  isCustomProvisioningTimeout: ignored('Written by exports.'),
};

/** ACI's container group, up to API 2026-07-01: the one definition that everything else is made from. */
export const groupSchema = envelope(
  {
    name: required(
      text({ says: 'Name of the group, unique in its environment.', example: 'hello', effect: 'replace' }),
    ),
    apiVersion: text({
      says: 'API version the file was written for.',
      example: "'2023-05-01'",
      effect: 'in-place',
    }),
    type: ignored('Microsoft.ContainerInstance/containerGroups.'),
    location: text({
      says: 'Where the group goes: a location of the bot’s settings; the first one without it.',
      example: 'local',
      effect: 'replace',
    }),
    tags: map(
      text({ says: 'Value.' }),
      {
        says: 'Names and values for people; `katabot-updates: beside` lets what serves go on until an update is healthy.',
        effect: 'in-place',
      },
      { most: 50 },
    ),
    zones: list(text({ says: 'One zone.' }), {
      says: 'Availability zones; one takes effect.',
      since: '2021-09-01',
      effect: 'in-place',
    }),
    identity: object(
      {
        type: choice(['SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned', 'None'], {
          says: 'Kind of identity.',
        }),
        userAssignedIdentities: names({
          says: 'ARM ids of identities.',
          aliases: ['user_assigned_identities'],
        }),
        principalId: ignored('Written by exports.', { aliases: ['principal_id'] }),
        tenantId: ignored('Written by exports.', { aliases: ['tenant_id'] }),
        additional_properties: ignored('Written by exports.'),
      },
      { says: 'Azure identity of the group.', since: '2018-10-01', effect: 'replace' },
    ),
    id: ignored('Written by exports.'),
    systemData: ignored('Written by exports.'),
    extendedLocation: ignored('Written by exports.', { aliases: ['extended_location'] }),
    additional_properties: ignored('Written by exports.'),
    plan: ignored('Written by exports.'),
    kind: ignored('Written by exports.'),
    managedBy: ignored('Written by exports.', { aliases: ['managed_by'] }),
  },
  properties,
  { says: 'A container group.' },
);

/** A container group, understood: names as ACI writes them, `properties` unfolded, defaults filled in. */
export type Group = Infer<typeof groupSchema>;
export type Container = Group['containers'][number];
export type InitContainer = Group['initContainers'][number];
export type EnvironmentVariable = Container['environmentVariables'][number];
export type VolumeMount = Container['volumeMounts'][number];
export type IpAddress = NonNullable<Group['ipAddress']>;
export type Volume = Group['volumes'][number];
export type RegistryCredential = Group['imageRegistryCredentials'][number];
export type Probe = NonNullable<Container['livenessProbe']>;
