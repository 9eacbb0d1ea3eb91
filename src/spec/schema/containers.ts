import {
  choice,
  decimal,
  envelope,
  flag,
  ignored,
  integer,
  list,
  map,
  object,
  optional,
  required,
  secretText,
  text,
  withDefault,
} from '../field.ts';

const CONTAINER_NAME = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  most: 63,
  expected: 'lower-case letters, digits and hyphens, a letter or digit at both ends, at most 63',
};

export const portFields = {
  port: required(
    integer(
      {
        says: 'Port number. There is no mapping: the container’s port is the group’s port.',
        example: '80',
        code: 'InvalidContainerPorts',
      },
      { least: 1, most: 65_535 },
    ),
  ),
  protocol: withDefault(choice(['TCP', 'UDP'], { says: 'Transport protocol.' }), 'TCP'),
};

const environmentVariable = object(
  {
    name: required(
      text(
        { says: 'Name of the variable.', example: 'LOG_LEVEL', code: 'InvalidContainerEnvironmentVariable' },
        {
          pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
          most: 63,
          expected: 'a letter or _, then letters, digits and _, at most 63',
        },
      ),
    ),
    value: text({ says: 'Value in the clear. Always text: `1.10` stays `1.10`.', example: 'info' }),
    secureValue: secretText({
      says: 'Secret value: never shown again, kept sealed, out of `docker inspect`.',
      since: '2018-06-01',
    }),
    secureValueReference: text({
      says: 'A secret of the bot: `katabot:NAME`, or an entry of secretReferences.',
      since: '2025-09-01',
    }),
  },
  { says: 'One environment variable; exactly one of the three values is set.' },
);

const gpu = (says: string) =>
  object(
    {
      count: required(integer({ says: 'How many GPUs.', example: '1' }, { least: 1, most: 16 })),
      sku: required(
        text({
          says: 'Model of the GPU, as the location names it. ACI knew K80, P100 and V100.',
          example: 'V100',
        }),
      ),
    },
    { says, since: '2018-10-01', effect: 'replace' },
  );

const resources = object(
  {
    requests: required(
      object(
        {
          cpu: required(
            decimal({ says: 'vCPUs, in steps of 0.01.', example: '0.5' }, { least: 0.01 }),
            'ResourceSomeRequestsNotSpecified',
          ),
          memoryInGB: required(
            decimal({ says: 'Memory in GB (2^30 bytes), in steps of 0.1.', example: '0.5' }, { least: 0.1 }),
            'ResourceSomeRequestsNotSpecified',
          ),
          gpu: gpu('GPUs that the container gets.'),
        },
        { says: 'What the container is given, and what is paid for.' },
      ),
      'ResourceRequestsNotSpecified',
    ),
    limits: object(
      {
        cpu: decimal(
          { says: 'The most vCPUs it may use, taken from the rest of the group.' },
          { least: 0.01 },
        ),
        memoryInGB: decimal(
          { says: 'The most memory it may use, taken from the rest of the group.' },
          { least: 0.1 },
        ),
        gpu: gpu('The most GPUs it may use.'),
      },
      {
        says: 'More than the request, at most what the whole group requests. Without it, the request is the limit.',
        since: '2018-02-01-preview',
      },
    ),
  },
  { says: 'Processors, memory and GPUs.', effect: 'replace' },
);

const volumeMount = object(
  {
    name: required(text({ says: 'Name of an entry of volumes.', example: 'scratch' })),
    mountPath: required(
      text({
        says: 'Absolute path in the container, without a colon.',
        example: '/data',
        code: 'InvalidVolumeMountPath',
      }),
    ),
    readOnly: withDefault(flag({ says: 'Whether the container may only read.' }), false),
  },
  { says: 'Where a volume appears in the container.' },
);

const probeTimes = {
  initialDelaySeconds: integer({ says: 'How long after the start the first probe comes.' }, { least: 0 }),
  periodSeconds: integer({ says: 'How often the probe comes.' }, { least: 1 }),
  failureThreshold: integer({ says: 'How many failures in a row count.' }, { least: 1 }),
  successThreshold: integer({ says: 'How many successes in a row count.' }, { least: 1 }),
  timeoutSeconds: integer({ says: 'How long one probe may take.' }, { least: 1 }),
};

const probe = (says: string) =>
  object(
    {
      exec: object(
        {
          command: required(
            list(text({ says: 'One word of the command.' }), {
              says: 'Program and arguments; exit code 0 is success.',
            }),
          ),
        },
        { says: 'Probe by running a program in the container.' },
      ),
      httpGet: object(
        {
          path: text({ says: 'Path of the request.', example: '/healthz' }),
          port: required(
            integer({ says: 'Port of the request.', example: '8080' }, { least: 1, most: 65_535 }),
          ),
          scheme: choice(['http', 'https'], { says: 'http or https.' }),
          httpHeaders: list(
            object(
              {
                name: required(text({ says: 'Header name.' })),
                value: required(text({ says: 'Header value.' })),
              },
              { says: 'One header.' },
            ),
            { says: 'Headers of the request.', since: '2020-11-01' },
            // API 2020-11-01 had one object here, later ones have a list.
            { lone: true },
          ),
        },
        { says: 'Probe by an HTTP request.' },
      ),
      ...probeTimes,
    },
    { says, since: '2018-06-01', effect: 'restart' },
  );

const securityContext = object(
  {
    privileged: flag({ says: 'Run with every capability inside the guest.' }),
    allowPrivilegeEscalation: flag({ says: 'Whether a process may gain more rights than its parent.' }),
    capabilities: object(
      {
        add: list(text({ says: 'One capability.' }), { says: 'Capabilities to add.' }),
        drop: list(text({ says: 'One capability.' }), { says: 'Capabilities to drop.' }),
      },
      { says: 'Linux capabilities.' },
    ),
    runAsUser: integer({ says: 'User id to run as.' }, { least: 0 }),
    runAsGroup: integer({ says: 'Group id to run as.' }, { least: 0 }),
    seccompProfile: text({ says: 'Seccomp profile, base64 of its JSON.' }),
  },
  {
    says: 'Rights of the container’s processes. In ACI for confidential groups.',
    since: '2022-10-01-preview',
  },
);

const command = (says: string) =>
  optional(list(text({ says: 'One word.' }), { says, example: '["node", "server.js"]' }));

const image = required(
  text({
    says: 'Image, with registry, tag or digest, without a scheme.',
    example: 'nginx:1.29',
    code: 'InaccessibleImage',
  }),
);

const environmentVariables = list(environmentVariable, { says: 'Environment variables.' });
const volumeMounts = list(volumeMount, { says: 'Volumes to mount.' });

export const container = envelope(
  {
    name: required(
      text(
        { says: 'Name of the container, unique in its group.', example: 'web', code: 'InvalidContainerName' },
        CONTAINER_NAME,
      ),
    ),
  },
  {
    image,
    command: command('Replaces the image’s entrypoint and arguments; run as it stands, without a shell.'),
    ports: list(object(portFields, { says: 'One port.' }), {
      says: 'Ports the container listens on.',
      effect: 'in-place',
    }),
    environmentVariables,
    resources: required(resources, 'ResourceRequestsNotSpecified'),
    volumeMounts,
    livenessProbe: probe('Restarts the container when it fails.'),
    readinessProbe: probe('Keeps traffic away while it fails.'),
    securityContext,
    configMap: object(
      { keyValuePairs: map(text({ says: 'Content.' }), { says: 'File name to content.' }) },
      {
        says: 'Files at /mnt/configmap/CONTAINER, changed without a restart.',
        since: '2024-05-01-preview',
        effect: 'in-place',
      },
    ),
    instanceView: ignored('Written by exports.'),
  },
  { says: 'A container of the group.', effect: 'restart' },
);

export const initContainer = envelope(
  {
    name: required(
      text(
        {
          says: 'Name of the init container, unique in its group.',
          example: 'prepare',
          code: 'InvalidContainerName',
        },
        CONTAINER_NAME,
      ),
    ),
  },
  {
    image,
    command: command('Replaces the image’s entrypoint and arguments; it must end with exit code 0.'),
    environmentVariables,
    volumeMounts,
    securityContext,
    instanceView: ignored('Written by exports.'),
  },
  { says: 'A container that runs to its end before the others start.' },
);
