import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { type EngineWay, gpusSchema, standbySchema, wayProblem } from './engines/index.ts';
import { Failure } from './failure.ts';
import { type GivenGrant, type Life, OWN_CALLERS, RIGHTS, type Right } from './policy/index.ts';
import { Secret } from './secrets/index.ts';
import { logTargetSchema } from './shipping/index.ts';
import { nearestWord, readDescribed, UPDATES } from './spec/index.ts';

/** The environment variables that the bot and its command line read; no other file of src reads any. */
export const VARIABLES = [
  {
    name: 'KATABOT_SETTINGS',
    default: './katabot.yml',
    says: 'The settings file. Without one, a development set-up on loopback is used.',
  },
  {
    name: 'KATABOT_DATA',
    default: '~/.local/share/katabot',
    says: 'The folder with database, repositories, token of the local command line and the identity that seals secrets.',
  },
  {
    name: 'KATABOT_URL',
    default: '',
    says: 'Where the command line finds the bot; else the bot of the last `katabot login`, else `http://127.0.0.1:7070`.',
  },
  {
    name: 'KATABOT_TOKEN',
    default: '',
    says: 'The caller’s token for the command line; else that of `katabot login`, else, for a bot on this machine, the file `cli-token` in the data folder.',
  },
  {
    name: 'XDG_CONFIG_HOME',
    default: '~/.config',
    says: 'Where the folder `katabot` is in which `katabot login` keeps addresses and tokens.',
  },
  {
    name: 'KATABOT_LOG',
    default: 'info',
    says: 'How much the bot logs: silent, error, warn, info or debug.',
  },
  {
    name: 'DOCKER_HOST',
    default: 'unix:///var/run/docker.sock',
    says: 'The engine of locations that name none.',
  },
  { name: 'NO_COLOR', default: '', says: 'No colours on a terminal, whatever it says.' },
  {
    name: 'FORCE_COLOR',
    default: '',
    says: 'Colours also where nobody looks at a terminal, such as in a CI log; `0` is none at all. Stronger than `NO_COLOR`.',
  },
  { name: 'TERM', default: '', says: '`dumb` is a terminal without colours and without lines that move.' },
] as const;

type VariableName = (typeof VARIABLES)[number]['name'];

/** What an environment says, with defaults filled in. */
export interface Environment {
  readonly settingsFile: string;
  readonly settingsGiven: boolean;
  readonly dataFolder: string;
  /** '' when nothing is said; so is the token. */
  readonly url: string;
  readonly token: string;
  /** Of the bot on this machine, for whoever may read its data folder; '' without one. */
  readonly localToken: string;
  /** Where `katabot login` keeps what it was told. */
  readonly loginFile: string;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly dockerHost: string;
}

export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  const read = (name: VariableName) =>
    variables[name] || (VARIABLES.find((variable) => variable.name === name)?.default ?? '');
  const level = read('KATABOT_LOG');
  const known = (['silent', 'error', 'warn', 'info', 'debug'] as const).find((each) => each === level);
  if (!known) {
    throw new Failure('settings-invalid', `KATABOT_LOG is "${level}".`, {
      advice: 'Use silent, error, warn, info or debug.',
    });
  }
  const dataFolder = atHome(read('KATABOT_DATA'));
  return {
    settingsFile: read('KATABOT_SETTINGS'),
    settingsGiven: Boolean(variables['KATABOT_SETTINGS']),
    dataFolder,
    url: read('KATABOT_URL').replace(/\/+$/, ''),
    token: read('KATABOT_TOKEN'),
    localToken: tokenIn(dataFolder),
    loginFile: join(atHome(read('XDG_CONFIG_HOME')), 'katabot', 'login.json'),
    logLevel: known,
    dockerHost: read('DOCKER_HOST'),
  };
}

/** What a stream to a person can show. */
export interface Display {
  readonly colour: boolean;
  /** Whether a line may be drawn again where it stands. */
  readonly movable: boolean;
}

/** What to draw on a stream: the variables that people know from other programs, each as those take it. */
export function readDisplay(
  terminal: boolean,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Display {
  const forced = variables['FORCE_COLOR'];
  const dumb = variables['TERM'] === 'dumb';
  const colour = forced ? !['0', 'false'].includes(forced) : terminal && !dumb && !variables['NO_COLOR'];
  return { colour, movable: terminal && !dumb };
}

function atHome(path: string): string {
  return path.replace(/^~(?=\/)/, homedir());
}

/** The file that `katabot serve` leaves for whoever may read the data folder. */
export function cliTokenFile(dataFolder: string): string {
  return join(dataFolder, 'cli-token');
}

function tokenIn(dataFolder: string): string {
  try {
    return readFileSync(cliTokenFile(dataFolder), 'utf8').trim();
  } catch {
    return '';
  }
}

const listenAddress = z
  .string()
  .regex(/^[0-9a-zA-Z.:[\]-]+:\d{1,5}$/, 'expected host:port, such as 127.0.0.1:7070')
  .refine(
    (address) => Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535,
    'a port is 65535 at most',
  );
const decimal = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d+(\.\d+)?$/, 'expected a plain amount, such as 0.0405'));
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and hyphens');

const pricesSchema = z.strictObject({
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'expected a currency code, such as USD')
    .optional()
    .meta({ description: 'Currency code of the amounts; USD without it.' }),
  vcpuPerHour: decimal.optional().meta({ description: 'Price of one vCPU for an hour; 0.0405 without it.' }),
  memoryGbPerHour: decimal
    .optional()
    .meta({ description: 'Price of one GB of memory for an hour; 0.00445 without it.' }),
  gpuPerHour: z
    .record(z.string(), decimal)
    .optional()
    .meta({ description: 'Price of a GPU for an hour, by model.' }),
  windowsVcpuPerHour: decimal
    .optional()
    .meta({ description: 'What Windows costs on top, for each vCPU and hour.' }),
  spotVcpuPerHour: decimal.optional().meta({
    description: 'Price of one vCPU of a Spot group for an hour; that of others without it, or 0.01215.',
  }),
  spotMemoryGbPerHour: decimal.optional().meta({
    description:
      'Price of one GB of memory of a Spot group for an hour; that of others without it, or 0.001335.',
  }),
  rounding: z.enum(['exact', 'aci']).optional().meta({
    description:
      '`exact` bills sizes and milliseconds as they are; `aci` rounds whole vCPUs, tenths of a GB and seconds upwards.',
  }),
});

const hostKey = z
  .string()
  .regex(
    /^(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/]+={0,2}$/,
    'expected a public key as ssh-keyscan prints it, such as ssh-ed25519 AAAA...',
  );
const keyFile = z.string().regex(/^[^"\\\n]+$/, 'expected the path of a file');
const ENGINE_PLACE = '`unix:///path`, `tcp://host:port` or `ssh://user@host/path`';
const way = {
  engine: z
    .string()
    .optional()
    .meta({ description: `Where its Docker Engine listens: ${ENGINE_PLACE}; DOCKER_HOST without it.` }),
  tls: z
    .strictObject({
      ca: z.string().meta({ description: 'Who signed the engine’s certificate, a PEM file.' }),
      cert: z.string().meta({ description: 'The bot’s own certificate, a PEM file.' }),
      key: z.string().meta({ description: 'The key of the bot’s certificate, a PEM file.' }),
    })
    .optional()
    .meta({
      description: 'What is shown on the way to an engine at tcp://; on loopback alone it may be missing.',
    }),
  keyFile: keyFile
    .optional()
    .meta({ description: 'A file with a private key that the server of an engine at ssh:// lets in.' }),
  hostKey: hostKey.optional().meta({
    description:
      'The key that the server of an engine at ssh:// shows; one that shows another is not spoken to.',
  }),
};

/** A way that is not named is that of DOCKER_HOST, which is looked at when it is known. */
function checkWay(
  each: { readonly engine?: string | undefined } & Omit<EngineWay, 'engine'>,
  context: z.core.$RefinementCtx,
): void {
  const problem = wayProblem({ ...each, engine: each.engine ?? 'unix:///var/run/docker.sock' });
  if (problem !== undefined) context.addIssue({ code: 'custom', path: ['engine'], message: problem });
}

const ranges = z.union([z.string(), z.array(z.string()).min(1, 'expected at least one range')]);

const environmentPattern = z
  .string()
  .regex(
    /^[a-z0-9*][a-z0-9*-]{0,39}$/,
    'expected an environment such as production, or a pattern such as pr-*',
  );
const repositoryPattern = z
  .string()
  .regex(
    /^[a-z0-9*][a-z0-9*-]{0,39}(\/[a-z0-9*-]{1,40})?$/,
    'expected a repository such as shop, or a pattern such as acme/*',
  );
const interfaceName = z
  .string()
  .regex(/^[\w.-]{1,15}$/, 'expected an interface of the host, such as eth0.50');

/** Which drivers need, and which cannot have, what is said of a network. */
const PARTS_OF_NETWORKS = {
  subnet: { needed: ['bridge', 'macvlan', 'ipvlan'], possible: ['bridge', 'macvlan', 'ipvlan'] },
  gateway: { needed: [], possible: ['bridge', 'macvlan', 'ipvlan'] },
  parent: { needed: ['macvlan', 'ipvlan'], possible: ['macvlan', 'ipvlan'] },
  addresses: { needed: ['existing'], possible: ['bridge', 'macvlan', 'ipvlan', 'existing'] },
  external: { needed: ['existing'], possible: ['existing'] },
} as const;

const networkSchema = z
  .strictObject({
    driver: z.enum(['bridge', 'macvlan', 'ipvlan', 'existing']).default('bridge').meta({
      description:
        'How it is made: alone on the host, on an interface of the host’s (macvlan, ipvlan), or by somebody else already.',
    }),
    subnet: z.string().optional().meta({ description: 'All of it, such as 10.50.0.0/24; IPv4.' }),
    gateway: z.ipv4('expected an address such as 10.50.0.1').optional().meta({
      description: 'By which address its groups reach everything else; the first of the subnet without it.',
    }),
    addresses: ranges.optional().meta({
      description:
        'One range or several that groups are given addresses of; the whole subnet without it. Needed for one that exists.',
    }),
    parent: interfaceName
      .optional()
      .meta({ description: 'The host’s interface that macvlan or ipvlan is put on.' }),
    external: z
      .string()
      .regex(/^[a-zA-Z0-9][\w.-]*$/, 'expected the name of a network of the host’s engine')
      .refine(
        (network) => !['host', 'none', 'bridge', 'default'].includes(network),
        'expected a network that somebody has made; in those of the engine itself nobody has an address of their own',
      )
      .optional()
      .meta({ description: 'What the host’s engine calls a network that exists. It is never removed.' }),
    environments: z
      .array(environmentPattern)
      .min(1, 'expected at least one environment; without the list it is every one')
      .default(['*'])
      .meta({ description: 'Groups of which environments may join: names, or patterns with `*`.' }),
    repositories: z
      .array(repositoryPattern)
      .min(1, 'expected at least one repository; without the list it is every one')
      .default(['*'])
      .meta({ description: 'Groups of which repositories may join: names, or patterns with `*`.' }),
    callers: z
      .array(
        z.string().regex(/^[^\s]{1,80}$/, 'expected a caller such as ann, or a pattern such as github:*'),
      )
      .min(1, 'expected at least one caller; without the list it is everybody')
      .default(['*'])
      .meta({ description: 'Who may have groups join: callers by name, or patterns with `*`.' }),
  })
  .superRefine((network, context) => {
    for (const part of ['subnet', 'gateway', 'parent', 'addresses', 'external'] as const) {
      const { needed, possible } = PARTS_OF_NETWORKS[part];
      const is = (drivers: readonly string[]) => drivers.includes(network.driver);
      const message =
        network[part] === undefined
          ? is(needed) && `a network of the driver ${network.driver} needs it`
          : !is(possible) && `a network of the driver ${network.driver} has none; leave it out`;
      if (message) context.addIssue({ code: 'custom', path: [part], message });
    }
  });

/** Where the groups’ own networks lie: a range that is set aside for the benchmarking of networks (RFC 2544). */
const BRIDGES = '198.18.0.0/15';

const hostSchema = z
  .strictObject({
    ...way,
    engine: z.string().meta({ description: `Where its Docker Engine listens: ${ENGINE_PLACE}.` }),
    addresses: z
      .union(ranges.options, {
        error: ({ input }) =>
          input === undefined ? 'expected the host’s own addresses, such as 203.0.113.0/28' : undefined,
      })
      .meta({ description: 'What `addresses` of a location is, for this host alone.' }),
    bridges: z.string().optional().meta({
      description: 'What `bridges` of a location is, for this host alone; that of the location without it.',
    }),
    networks: z.string().optional().meta({ description: 'What `bridges` was called before.' }),
    gpus: gpusSchema.default([]).meta({
      description: 'What `gpus` of a location is, for this host alone; it hands out none without it.',
    }),
    zone: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/, 'expected the name of a zone, such as 1')
      .optional()
      .meta({
        description:
          'The availability zone that it is in: a group that names `zones` goes to a host of that zone.',
      }),
  })
  .superRefine(checkWay);

const serverName = z
  .string()
  .regex(/^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$/, 'expected the name or the address of a server');

const shareSchema = z.strictObject({
  server: serverName.meta({ description: 'Its name or address; names are looked up where the bot runs.' }),
  port: z.int().min(1).max(65_535).optional().meta({ description: 'Its TCP port; 445 without it.' }),
  user: z
    .string()
    .regex(/^[^\s,\0]{1,100}$/, 'expected the name of a user, without blanks and commas')
    .optional()
    .meta({ description: 'Who logs in; the name of the account without it.' }),
  encrypt: z.boolean().default(false).meta({
    description: 'Whether everything is encrypted, also where the server does not ask for it.',
  }),
});

const locationSchema = z
  .strictObject({
    ...way,
    hosts: z
      .record(name, hostSchema)
      .refine((hosts) => Object.keys(hosts).length > 0, 'expected at least one host')
      .optional()
      .meta({
        description:
          'Its hosts, by name, where there are several: a group goes where it fits. Instead of `engine` and what belongs to it.',
      }),
    runtime: z.string().default('runc').meta({ description: 'OCI runtime of every container here.' }),
    isolation: z.enum(['hypervisor', 'sandbox', 'none']).default('hypervisor').meta({
      description: 'The least isolation that a group must get; what is not shown to be there is refused.',
    }),
    tee: z.enum(['sev-snp', 'tdx']).optional().meta({
      description:
        'The trusted execution environment that its runtime puts groups into, as each is shown to be; confidential groups go to such a location alone.',
    }),
    resolverFile: z
      .string()
      .regex(/^\/[^\0]+$/, 'expected a whole path on the host, such as /etc/resolv.conf')
      .optional()
      .meta({
        description:
          'A file on the host with the name servers of its groups; in virtual machines the engine’s own cannot be reached.',
      }),
    gpus: gpusSchema.default([]).meta({
      description:
        'The GPUs of the host that groups may be given, each to one group at a time; without the list the location hands out none.',
    }),
    securityContext: z.enum(['restrict', 'widen']).default('restrict').meta({
      description:
        'What the `securityContext` of a container may do where groups share the host’s kernel (isolation none): take rights away, or also add capabilities and bring a seccomp profile.',
    }),
    shares: z
      .record(
        z.string().regex(/^[a-z0-9]{3,24}$/, 'expected the name of a storage account, such as teamfiles'),
        shareSchema,
      )
      .default({})
      .meta({
        description:
          'The servers that keep the file shares (`azureFile`) of storage accounts, by account; ACCOUNT.file.core.windows.net for one that is not named.',
      }),
    sharesMountedBy: z.enum(['helper', 'engine']).default('helper').meta({
      description:
        'Who mounts file shares: a helper of the bot’s, or the engine itself, which then shows the key in `docker volume inspect`.',
    }),
    nfsServers: z.array(serverName).default([]).meta({
      description: 'NFS servers that groups may mount from, as their files name them; none without it.',
    }),
    images: z
      .strictObject({
        keepUnderGB: z.number().min(1).meta({
          description:
            'Images that the bot has pulled and that no group needs go, the longest unused first, while all together take more.',
        }),
      })
      .optional()
      .meta({ description: 'How much of each host’s disk images may take; nothing is removed without it.' }),
    logs: logTargetSchema.optional().meta({
      description: 'Where the lines of its containers go; what `logs` says for all without it.',
    }),
    standby: standbySchema.default([]).meta({
      description:
        'Sandboxes that wait, so that a group of their size and ports comes up sooner; what waits is paid for.',
    }),
    drift: z.enum(['mend', 'report']).default('mend').meta({
      description: 'What happens to a container that somebody changed or removed by hand.',
    }),
    updates: z.enum(UPDATES).default('in-place').meta({
      description:
        'How a new revision takes the place of the one before it: in the same sandbox and at the same address, or beside it, so that the old one serves until the new one is healthy. The tag `katabot-updates` of a group outranks it.',
    }),
    addresses: ranges.default('127.20.0.0/16').meta({
      description:
        'One range or several that the host owns, IPv4 or IPv6; each group gets one address of each family. A single address is shared by all groups.',
    }),
    ports: z
      .string()
      .regex(/^\d{1,5}-\d{1,5}$/, 'expected a range of ports, such as 20000-29999')
      .refine((range) => {
        const [first = 0, last = 0] = range.split('-').map(Number);
        return first >= 1 && first <= last && last <= 65_535;
      }, 'expected two ports from 1 to 65535, the smaller one first')
      .default('20000-29999')
      .meta({ description: 'Ports that are handed out where groups share a single address.' }),
    bridges: z
      .string()
      .optional()
      .meta({
        description: `IPv4 range for the networks of groups that join none, each of 16 addresses; ${BRIDGES} without it.`,
      }),
    networks: z
      .union([
        z.string('expected networks by name, such as { backend: { subnet: 10.50.0.0/24 } }'),
        z.record(name, networkSchema),
      ])
      .optional()
      .meta({
        description:
          'Networks that groups may join, by name. A range alone is what `bridges` was called before.',
      }),
    prices: pricesSchema
      .prefault({})
      .meta({ description: 'What it costs; ACI’s prices of East US where nothing is said.' }),
  })
  .superRefine(checkWay)
  .refine(
    ({ hosts, engine, tls, keyFile: key, hostKey: shown }) => !hosts || !(engine ?? tls ?? key ?? shown),
    'engine, tls, keyFile and hostKey are said of each of its hosts; leave them out here',
  )
  .refine(({ bridges, networks }) => bridges === undefined || typeof networks !== 'string', {
    path: ['networks'],
    message: 'a range here is what bridges says already; name networks, or leave it out',
  })
  .refine(({ tee, isolation }) => tee === undefined || isolation === 'hypervisor', {
    path: ['tee'],
    message: 'only a virtual machine can keep its memory from the host; write isolation: hypervisor',
  })
  .refine(({ hosts, gpus }) => !hosts || gpus.length === 0, {
    path: ['gpus'],
    message: 'GPUs are said of the host that has them (hosts.NAME.gpus); leave them out here',
  });

const duration = z
  .string()
  .regex(/^(\d+[smhd])+$/, 'expected a duration, such as 4h or 1h30m')
  .transform(millisecondsOf);

/** `1h30m` -> 5_400_000 */
function millisecondsOf(text: string): number {
  const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}

const environmentSchema = z.strictObject({
  ttl: duration
    .optional()
    .meta({ description: 'How long a new group lives, such as `4h`, when nobody says otherwise.' }),
  longest: duration
    .optional()
    .meta({ description: 'The longest life that a deploy or `extend` may ask for, counted from then.' }),
});
const rightSchema = (more: string) =>
  z.enum(RIGHTS, {
    error: ({ input }) => {
      const near = typeof input === 'string' ? nearestWord(input, RIGHTS) : undefined;
      return `expected a right (${RIGHTS.join(', ')})${more}${near ? `; did you mean ${near}?` : ''}`;
    },
  });
const grantSchema = z.strictObject({
  right: rightSchema('').meta({ description: 'What the caller may do there.' }),
  environments: z
    .array(environmentPattern)
    .min(1, 'expected at least one environment; without the list it is every one')
    .default(['*'])
    .meta({ description: 'Where: names, or patterns with `*`; every environment without it.' }),
  repositories: z
    .array(repositoryPattern)
    .min(1, 'expected at least one repository; without the list it is every one')
    .default(['*'])
    .meta({ description: 'Of which repositories: names, or patterns with `*`; of every one without it.' }),
});
const callerName = z
  .string()
  .regex(
    /^([a-z0-9][a-z0-9-]{0,39}|\*|slack:[TE][A-Z0-9]{1,20}\/[UW][A-Z0-9]{1,20})$/,
    'expected the name of a token’s caller such as ann, an account such as slack:T0123/U0456, or * for anybody with a token',
  )
  .refine(
    (caller) => !OWN_CALLERS.includes(caller),
    'is a caller of the bot’s own and has what its token allows; leave it out',
  );

const branchPattern = z
  .string()
  .regex(/^[^\s~^:?[\\]{1,200}$/, 'expected a branch, or a pattern such as release/*');
const branchEnvironment = z
  .string()
  .regex(
    /^([a-z0-9][a-z0-9-]{0,39})?$/,
    'expected an environment, or nothing for one named after the branch',
  );

const watchSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected a name such as shop')
      .meta({ description: 'The name of the repository in this bot.' }),
    url: z
      .string()
      .regex(
        /^(https?|ssh|git|file):\/\/[^\s]+$/,
        'expected an address such as https://git.example.com/shop.git',
      )
      .refine(
        (url) => !/^https?:\/\/[^/]*@/.test(url),
        'a login does not belong into the address; use tokenFile',
      )
      .meta({ description: 'Where it lives; anything that git can fetch: https, http, ssh, git or file.' }),
    branches: z
      .record(branchPattern, branchEnvironment)
      .superRefine((branches, context) => {
        for (const [environment, patterns] of Map.groupBy(
          Object.keys(branches),
          (each) => branches[each] ?? '',
        )) {
          if (environment === '' || patterns.length < 2) continue;
          const message = `${patterns.join(' and ')} both go to ${environment}; give each an environment of its own`;
          context.addIssue({ code: 'custom', message });
        }
      })
      .optional()
      .meta({
        description:
          'Branch or pattern to environment, each its own; an empty one for a name made of the branch. Without it the default branch is production.',
      }),
    every: duration
      .refine((ms) => ms >= 5_000, 'expected 5s at least')
      .default(60_000)
      .meta({ description: 'How often it is looked at, such as `60s`.' }),
    removed: z.enum(['delete', 'keep']).default('delete').meta({
      description: 'What happens to a group whose file or branch is gone.',
    }),
    queue: z.boolean().default(false).meta({
      description: 'Whether groups wait in line for room and GPUs that others hold now.',
    }),
    tokenFile: z
      .string()
      .optional()
      .meta({ description: 'A file with a token for https; it is sent to that host alone.' }),
    keyFile: keyFile.optional().meta({
      description:
        'A file with a private key for ssh that its server lets read; no other key and no agent is asked.',
    }),
    hostKey: hostKey.optional().meta({
      description:
        'The key that the server of an ssh address shows; one that shows another is not spoken to.',
    }),
  })
  .refine(
    ({ url, keyFile, hostKey }) =>
      !url.startsWith('ssh:') || (keyFile !== undefined && hostKey !== undefined),
    'an ssh address needs keyFile (a deploy key) and hostKey (the key that its server shows)',
  );

const roleSchema = z.union([
  rightSchema(' or a list of { right, environments, repositories }'),
  z.array(grantSchema),
]);

const githubSchema = z
  .strictObject({
    appId: z.int().min(1).optional().meta({
      description:
        'The number of the app, as GitHub shows it. Without it the bot says at its start how the app is made.',
    }),
    privateKeyFile: z
      .string()
      .optional()
      .meta({ description: 'The app’s private key, the .pem file that GitHub gave.' }),
    webhookSecretFile: z.string().optional().meta({
      description:
        'The secret of its webhook; while it is replaced, the new one on the first line and the old one below.',
    }),
    clientId: z
      .string()
      .regex(/^[\w.-]{1,100}$/, 'expected the client ID that GitHub shows, such as Iv23li0123456789')
      .optional()
      .meta({ description: 'The app’s client ID, for people of Slack who show which account is theirs.' }),
    clientSecretFile: z.string().optional().meta({ description: 'A client secret of the app.' }),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .default('')
      .meta({
        description:
          'Where GitHub reaches the bot, such as `https://katabot.example.com`; an app that is made without it sends no webhooks.',
      }),
    apiUrl: z
      .url({ protocol: /^https?$/ })
      .default('https://api.github.com')
      .transform((url) => url.replace(/\/+$/, ''))
      .meta({ description: 'Where the API is; `https://HOST/api/v3` on GitHub Enterprise Server.' }),
    roles: z
      .strictObject({
        read: roleSchema
          .default('reader')
          .meta({ description: 'Of a private repository; everybody reads a public one.' }),
        triage: roleSchema.default('reader').meta({ description: 'What the role triage may do.' }),
        write: roleSchema.default('deployer').meta({ description: 'What the role write may do.' }),
        maintain: roleSchema.default('operator').meta({ description: 'What the role maintain may do.' }),
        admin: roleSchema.default('operator').meta({ description: 'What the role admin may do.' }),
      })
      .prefault({}),
    forks: z.enum(['plan', 'deploy']).default('plan').meta({
      description:
        'Pull requests of forks are planned; with `deploy` somebody with the right who is not their author may deploy them.',
    }),
    branches: z.record(branchPattern, branchEnvironment).optional().meta({
      description:
        'Branch or pattern to environment, an empty one for a name made of the branch; without it a push to the default branch deploys to production.',
    }),
    lookEvery: duration
      .refine((ms) => ms >= 10_000, 'expected 10s at least')
      .default(300_000)
      .meta({
        description:
          'How often everything is looked at, for what no webhook has told; short where GitHub cannot reach the bot.',
      }),
  })
  .refine(
    ({ appId, privateKeyFile, webhookSecretFile }) =>
      [appId, privateKeyFile, webhookSecretFile].every((each) => each === undefined) ||
      [appId, privateKeyFile, webhookSecretFile].every((each) => each !== undefined),
    'appId, privateKeyFile and webhookSecretFile belong together: name all of them, or none to make the app',
  )
  .refine(
    ({ appId, clientId, clientSecretFile }) =>
      (clientId === undefined) === (clientSecretFile === undefined) &&
      (clientId === undefined || appId !== undefined),
    'clientId and clientSecretFile belong together, and to an app that is named with its keys',
  );

const slackSchema = z
  .strictObject({
    signingSecretFile: z.string().optional().meta({
      description:
        'What Slack signs its requests with; while it is replaced, the new one on the first line and the old one below. Without keys the bot says at its start how the app is made.',
    }),
    botTokenFile: z
      .string()
      .optional()
      .meta({ description: 'The token `xoxb-…` of the app in a single workspace.' }),
    clientId: z
      .string()
      .regex(/^[\w.-]{1,100}$/, 'expected the client ID that Slack shows, such as 1234.5678')
      .optional()
      .meta({
        description:
          'The app’s client ID; with it people show which GitHub account is theirs, and several workspaces install the app, each at `/slack/install`.',
      }),
    clientSecretFile: z.string().optional().meta({ description: 'The secret of that client id.' }),
    appTokenFile: z.string().optional().meta({
      description: 'The token `xapp-…` of socket mode: the bot calls Slack, and needs no address of its own.',
    }),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .default('')
      .meta({ description: 'Where browsers and Slack reach the bot; that of `github` without it.' }),
    apiUrl: z
      .url({ protocol: /^https?$/ })
      .default('https://slack.com/api/')
      .transform((url) => url.replace(/\/*$/, '/'))
      .meta({ description: 'Where Slack’s API is; `https://slack-gov.com/api/` for GovSlack.' }),
    repositories: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'expected a short name such as shop'),
        z.string().regex(/^([\w.-]+\/)?[\w.-]+$/, 'expected a repository such as acme/shop'),
      )
      .default({})
      .meta({ description: 'Short names of repositories, such as `shop: acme/shop`.' }),
    channels: z
      .array(
        z.strictObject({
          team: z.string().optional().meta({ description: 'The workspace; the only one without it.' }),
          channel: z
            .string()
            .regex(/^[CG][A-Z0-9]{2,20}$/, 'expected the id of a channel, such as C0123456789')
            .meta({ description: 'The channel’s id, as its details show it.' }),
          repository: z
            .string()
            .meta({ description: 'A repository that the channel hears of, and may read.' }),
          environment: z.string().optional().meta({ description: 'Only this environment.' }),
        }),
      )
      .default([])
      .meta({ description: 'Channels that are told of every deploy of a repository.' }),
  })
  .refine(
    ({ clientId, clientSecretFile }) => (clientId === undefined) === (clientSecretFile === undefined),
    'clientId and clientSecretFile belong together',
  );

const domainName = z
  .string()
  .regex(
    /^([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i,
    'expected a name such as apps.example.com',
  )
  .transform((text) => text.toLowerCase());
const ipAddress = z.union([z.ipv4('expected an address such as 203.0.113.7'), z.ipv6()]);

const dnsSchema = z
  .strictObject({
    zone: domainName.optional().meta({
      description: 'The zone that the names of groups lie in; `edge.domain` without it.',
    }),
    edge: z.array(ipAddress).default([]).meta({
      description:
        'Where clients reach the edge. Names of groups that share an address lead there; to the location’s address without it.',
    }),
    serve: z
      .strictObject({
        address: listenAddress
          .default('0.0.0.0:53')
          .meta({ description: 'Where the bot answers, by UDP and TCP.' }),
        nameServers: z.array(domainName).min(1).optional().meta({
          description: 'What the bot is called as a name server, in the zone above; `ns1.ZONE` without it.',
        }),
        publicAddresses: z.array(ipAddress).default([]).meta({
          description:
            'Where resolvers reach the bot: addresses of those name servers that lie in the zone itself.',
        }),
        contact: domainName.optional().meta({
          description: 'Mailbox of who runs the zone, with a dot for the `@`; `hostmaster.ZONE` without it.',
        }),
        responsesPerSecond: z.int().min(0).default(500).meta({
          description:
            'Answers to one network of clients by UDP; above that they are told to use TCP. 0: no limit.',
        }),
      })
      .optional()
      .meta({ description: 'The bot answers for the zone itself; so it does with an empty `dns`.' }),
    update: z
      .strictObject({
        server: listenAddress.meta({
          description: 'The primary name server of the zone, such as 192.0.2.53:53.',
        }),
        key: domainName.meta({ description: 'Name of the TSIG key, hmac-sha256.' }),
        secretFile: z.string().meta({ description: 'A file with the secret of the key, in base64.' }),
      })
      .optional()
      .meta({ description: 'Another name server answers for the zone and takes updates (RFC 2136).' }),
  })
  .refine(
    ({ serve, update }) => !(serve && update),
    'serve and update exclude each other: who answers for the zone?',
  );

const httpsSchema = z
  .strictObject({
    address: listenAddress.default('127.0.0.1:7443').meta({
      description: 'Where groups are reached by name over HTTPS.',
    }),
    files: z
      .array(
        z.strictObject({
          certificate: z.string().meta({ description: 'A certificate with its chain, a PEM file.' }),
          key: z.string().meta({ description: 'The key of the certificate, a PEM file.' }),
        }),
      )
      .default([])
      .meta({
        description:
          'Certificates of your own, for the names that stand in them; read anew when they change.',
      }),
    acme: z
      .strictObject({
        directory: z
          .url({ protocol: /^https$/, error: 'expected the https address of a directory' })
          .default('https://acme-v02.api.letsencrypt.org/directory')
          .meta({ description: 'Where the authority is spoken to; that of a staging area while you try.' }),
        termsAgreed: z
          .literal(true, 'expected true: an authority gives nothing to who has not agreed to its terms')
          .meta({ description: 'That you agree to the terms of the authority.' }),
        email: z
          .email('expected an address such as ops@example.com')
          .optional()
          .meta({ description: 'Whom the authority may write to.' }),
        proof: z.enum(['http', 'dns']).default('http').meta({
          description:
            'How it is shown that a name is yours: at port 80 of the name, or by a record in the zone of `dns`.',
        }),
        wildcards: z.boolean().default(false).meta({
          description: 'One certificate for all names of a location, `*.LOCATION.DOMAIN`; proved by `dns`.',
        }),
        caFile: z.string().optional().meta({
          description:
            'Who signed the certificate of the directory itself, a PEM file, where that is private.',
        }),
      })
      .refine(({ proof, wildcards }) => proof === 'dns' || !wildcards, {
        path: ['wildcards'],
        message: 'a name with a star can only be proved by dns; write proof: dns',
      })
      .optional()
      .meta({ description: 'An authority that gives certificates for the names that groups hold (ACME).' }),
    redirect: z.boolean().optional().meta({
      description:
        'Whether HTTP sends clients to HTTPS; true for certificates that others trust, false for those of the bot’s own authority.',
    }),
    hsts: duration
      .refine((ms) => ms >= 1_000, 'expected 1s at least')
      .optional()
      .meta({
        description:
          'For how long browsers are told to use HTTPS alone, such as `180d`; not told without it.',
      }),
  })
  .optional()
  .meta({
    description:
      'Names over HTTPS. Without `files` and `acme` the bot’s own authority signs, for machines that are told to trust it.',
  });

/** It has no password, and whoever reaches it decides what is served: it is to be on this machine. */
const CADDY_ADMIN = /^http:\/\/(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?$/;

const caddySchema = z
  .strictObject({
    admin: z
      .string()
      .regex(CADDY_ADMIN, 'expected the admin API of a Caddy on this machine, such as http://127.0.0.1:2019')
      .refine(URL.canParse, 'expected a port from 1 to 65535')
      .default('http://127.0.0.1:2019')
      .meta({ description: 'Where its admin API listens: `http://` with an address of loopback.' }),
  })
  .optional()
  .meta({
    description:
      'A Caddy of yours serves names in place of the bot’s own edge: it is told to listen at `address` and `https.address`, and which name leads where. What else it serves stays.',
  });

const settingsSchema = z.strictObject({
  instance: name.default('katabot').meta({
    description:
      'Name of this bot: first part of the names of its containers, and the label that says they are its own.',
  }),
  owner: z
    .string()
    .default('katabot')
    .meta({ description: 'Who the bot belongs to; part of the hash of the reuse scope TenantReuse.' }),
  http: z
    .strictObject({
      address: listenAddress
        .default('127.0.0.1:7070')
        .meta({ description: 'Where git and the command line find the bot.' }),
      tls: z
        .strictObject({
          certificate: z.string().meta({ description: 'Its certificate with the chain, a PEM file.' }),
          key: z.string().meta({ description: 'The key of the certificate, a PEM file.' }),
        })
        .optional()
        .meta({ description: 'With it the port speaks https, TLS 1.2 or newer.' }),
      requestsPerSecond: z.number().min(1).default(20).meta({
        description: 'How many requests of one caller are answered a second; three times as many at once.',
      }),
    })
    .prefault({}),
  edge: z
    .strictObject({
      address: listenAddress
        .default('127.0.0.1:7080')
        .meta({ description: 'Where groups are reached by name.' }),
      domain: z
        .string()
        .default('localhost')
        .meta({ description: 'Last part of every group’s name: LABEL.LOCATION.DOMAIN.' }),
      https: httpsSchema,
      caddy: caddySchema,
    })
    .superRefine(checkEdge)
    .prefault({}),
  dns: dnsSchema.optional().meta({
    description:
      'Who says where a group’s name leads. Without it nobody has to: a wildcard record leads every name to the edge.',
  }),
  locations: z
    .record(name, locationSchema)
    .superRefine(checkHostNames)
    .default({})
    .meta({ description: 'Where groups can go, by name; the first one takes groups that name none.' }),
  logs: logTargetSchema.optional().meta({
    description: 'Where the lines of containers go, in locations that say nothing of their own.',
  }),
  environments: z
    .record(
      z.string().regex(/^[a-z0-9*-]{1,40}$/, 'expected an environment, or a pattern such as pr-*'),
      environmentSchema,
    )
    .default({})
    .meta({
      description: 'How long groups live, by environment or pattern; for ever where nothing is said.',
    }),
  repositories: z.array(z.string()).default([]).meta({
    description:
      'Repositories that anybody who may push makes with the first push. Others are made by operators.',
  }),
  callers: z
    .record(
      callerName,
      z
        .union([rightSchema(' or a list of { right, environments, repositories }'), z.array(grantSchema)])
        .meta({
          description:
            'What a caller may do, by name; `*` is anybody with a token. One right for everywhere, or a list of grants. A token never allows more than its own right.',
        }),
    )
    .optional()
    .meta({
      description:
        'Who may do what, and where. Without it the right of a token holds everywhere; with it, whoever is not named may nothing.',
    }),
  protected: z
    .array(environmentPattern)
    .default([])
    .meta({ description: 'Environments that ask before they are changed: names, or patterns with `*`.' }),
  approveWithin: duration
    .refine((ms) => ms >= 60_000, 'expected 1m at least')
    .default(3_600_000)
    .meta({
      description: 'How long a deploy waits for somebody’s approval, such as `60m`; then it is over.',
    }),
  watch: z
    .array(watchSchema)
    .default([])
    .refine(
      (all) => new Set(all.map(({ name: each }) => each)).size === all.length,
      'two watched repositories have one name',
    )
    .meta({ description: 'Repositories that live elsewhere and deploy when a branch of theirs moves.' }),
  github: githubSchema.optional().meta({
    description: 'The GitHub app whose pull requests and pushes the bot deploys.',
  }),
  slack: slackSchema.optional().meta({
    description: 'The Slack app whose commands, mentions and buttons the bot obeys.',
  }),
  stopGraceSeconds: z
    .int()
    .min(0)
    .max(600)
    .default(10)
    .meta({ description: 'Seconds between SIGTERM and SIGKILL.' }),
  provisioningTimeoutSeconds: z.int().min(1).max(7200).default(600).meta({
    description:
      'Seconds that containers may take from their start until their readiness probes succeed; a deploy fails after that.',
  }),
});

export type Settings = z.infer<typeof settingsSchema>;
export type LocationSettings = z.infer<typeof locationSchema>;

/** One host of a location, with what is said of all of them. */
export interface HostSettings extends LocationSettings {
  readonly name: string;
  readonly zone?: string | undefined;
  readonly bridges: string;
}

/** The hosts of a location. One that names none is a host itself, of the location’s name. */
export function hostsIn(name: string, location: LocationSettings): HostSettings[] {
  const bridges = bridgesIn(location) ?? BRIDGES;
  if (!location.hosts) return [{ ...location, bridges, name }];
  return Object.entries(location.hosts).map(([each, host]) => ({
    ...location,
    ...host,
    networks: location.networks,
    bridges: bridgesIn(host) ?? bridges,
    name: each,
  }));
}

/** Until groups could join networks, `networks` was the range of their own ones. */
function bridgesIn({ bridges, networks }: Pick<LocationSettings, 'bridges' | 'networks'>) {
  return bridges ?? (typeof networks === 'string' ? networks : undefined);
}

/** The networks of a location that groups may join, by name. */
export function networksIn({ networks }: Pick<LocationSettings, 'networks'>) {
  return typeof networks === 'object' ? networks : {};
}

/** People and books name a host without its location. */
function checkHostNames(
  locations: Readonly<Record<string, LocationSettings>>,
  context: z.core.$RefinementCtx,
): void {
  const taken = new Map<string, string>();
  for (const [location, { hosts }] of Object.entries(locations)) {
    for (const host of hosts ? Object.keys(hosts) : [location]) {
      const other =
        taken.get(host) ?? (host !== location && Object.hasOwn(locations, host) ? host : undefined);
      if (other !== undefined)
        context.addIssue({
          code: 'custom',
          path: [location, 'hosts', host],
          message: `the name belongs to the location ${other} already; give every host a name of its own`,
        });
      taken.set(host, location);
    }
  }
}

/** One edge serves: what the bot's own does and Caddy does otherwise cannot stand beside it. */
function checkEdge(
  {
    address,
    https,
    caddy,
  }: {
    address: string;
    https?: z.infer<typeof httpsSchema> | undefined;
    caddy?: z.infer<typeof caddySchema> | undefined;
  },
  context: z.core.$RefinementCtx,
): void {
  if (!caddy) return;
  const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (placeIn(address).port === 0) fault(['address'], 'with caddy, say the port at which it is to listen');
  if (!https) return;
  if (placeIn(https.address).port === 0)
    fault(['https', 'address'], 'with caddy, say the port at which it is to listen');
  if (https.files.length)
    fault(
      ['https', 'files'],
      'the bot’s own edge shows these, and caddy is the edge here; leave caddy out, or load them in Caddy’s own configuration',
    );
  if (https.acme?.proof === 'dns')
    fault(
      ['https', 'acme', 'proof'],
      'Caddy proves names itself, by their ports; write http, or leave caddy out',
    );
}

/** Host and port of an address such as `127.0.0.1:7070` or `[::1]:7070`. */
export function placeIn(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** What the settings say of the names of groups, with what is left out filled in. Throws a Failure `settings-invalid`. */
export function dnsFrom({ dns, edge }: Settings) {
  if (!dns) return undefined;
  const domain = edge.domain.toLowerCase();
  const zone = dns.zone ?? domain;
  if (domain !== zone && !domain.endsWith(`.${zone}`)) {
    throw new Failure('settings-invalid', `dns.zone: ${zone} does not hold edge.domain, ${domain}.`, {
      advice: 'Write the zone in which the names of groups lie.',
    });
  }
  const { update } = dns;
  if (update) return { zone, edge: dns.edge, update: { ...update, secret: secretIn(update.secretFile) } };
  const serve = dns.serve ?? dnsSchema.parse({ serve: {} }).serve;
  if (!serve) return undefined;
  const { nameServers = [`ns1.${zone}`], contact = `hostmaster.${zone}` } = serve;
  return { zone, edge: dns.edge, serve: { ...serve, nameServers, contact } };
}

/** What the settings say of HTTPS. Throws a Failure `settings-invalid`. */
export function httpsFrom({ edge, dns }: Settings) {
  const { https, domain } = edge;
  if (!https) return undefined;
  const { acme } = https;
  const fault = (what: string, advice: string) =>
    new Failure('settings-invalid', `edge.https.acme${what}.`, { advice });
  if (acme?.proof === 'dns' && !dns)
    throw fault('.proof: nobody is told what to write into a zone', 'Write dns as well, or proof: http.');
  if (acme && (domain === 'localhost' || domain.endsWith('.localhost')))
    throw fault(`: no authority gives certificates for ${domain}`, 'Write edge.domain, or leave acme out.');
  return {
    ...https,
    domain: domain.toLowerCase(),
    acme: acme && { ...acme, email: acme.email ?? '', ca: acme.caFile && pemIn(acme.caFile) },
    hstsSeconds: Math.floor((https.hsts ?? 0) / 1000),
    redirects: https.redirect,
  };
}

/** What the settings say of a Caddy that serves names; undefined where the bot does so itself. Throws a Failure `settings-invalid`. */
export function caddyFrom(settings: Settings) {
  const { caddy, https: asked } = settings.edge;
  if (!caddy) return undefined;
  const https = httpsFrom(settings);
  const acme = asked?.acme;
  return {
    ...caddy,
    instance: settings.instance,
    domain: settings.edge.domain.toLowerCase(),
    tls: https && {
      acme: acme && { directory: acme.directory, email: acme.email ?? '', caFile: acme.caFile ?? '' },
      redirects: https.redirects ?? acme !== undefined,
      hstsSeconds: https.hstsSeconds,
    },
  };
}

function pemIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('settings-invalid', `edge.https.acme.caFile: ${file} cannot be read.`, {
      advice: 'Write the certificate of who signed that of the directory into it, PEM.',
      cause: error,
    });
  }
}

function secretIn(file: string): Secret {
  try {
    return new Secret(readFileSync(file, 'utf8').trim());
  } catch (error) {
    throw new Failure('settings-invalid', `dns.update.secretFile: ${file} cannot be read.`, {
      advice: 'Write the secret of the key into it, in base64.',
      cause: error,
    });
  }
}

/** What the settings say of GitHub, with what each role may do as a list of grants. */
export function githubFrom({ environments }: Settings, github: NonNullable<Settings['github']>) {
  const { read, triage, write, maintain, admin } = github.roles;
  return {
    apiUrl: github.apiUrl,
    forks: github.forks,
    branches: github.branches,
    lookEveryMs: github.lookEvery,
    environments: Object.keys(environments).filter((pattern) => !pattern.includes('*')),
    roles: {
      read: grantsFrom(read),
      triage: grantsFrom(triage),
      write: grantsFrom(write),
      maintain: grantsFrom(maintain),
      admin: grantsFrom(admin),
    },
  };
}

/** The files with the app's keys; undefined when the app is made from here. */
export function githubFiles({
  appId,
  privateKeyFile,
  webhookSecretFile,
  clientId,
  clientSecretFile,
}: NonNullable<Settings['github']>) {
  if (appId === undefined || privateKeyFile === undefined || webhookSecretFile === undefined)
    return undefined;
  const client =
    clientId === undefined || clientSecretFile === undefined
      ? undefined
      : { id: clientId, secretFile: clientSecretFile };
  return { appId, privateKeyFile, webhookSecretFile, client };
}

/** Where browsers reach the bot; '' where the settings do not say. */
export function publicUrlIn({ slack, github }: Settings): string {
  return slack?.publicUrl || github?.publicUrl || '';
}

/** What the settings say of Slack, but for its keys. */
export function slackFrom(settings: Settings, slack: NonNullable<Settings['slack']>) {
  return {
    apiUrl: slack.apiUrl,
    publicUrl: publicUrlIn(settings),
    repositories: slack.repositories,
    channels: slack.channels,
    environments: Object.keys(settings.environments).filter((pattern) => !pattern.includes('*')),
  };
}

/** A right alone is one for everywhere. */
function grantsFrom(given: Right | readonly GivenGrant[]): readonly GivenGrant[] {
  return typeof given === 'string' ? [{ right: given, environments: ['*'], repositories: ['*'] }] : given;
}

/** The settings' words for the lives of environments. */
export function livesFrom({ environments }: Settings): Record<string, Life> {
  return Object.fromEntries(
    Object.entries(environments).map(([pattern, { ttl, longest }]) => [
      pattern,
      {
        ...(ttl === undefined ? {} : { ttlMs: ttl }),
        ...(longest === undefined ? {} : { longestMs: longest }),
      },
    ]),
  );
}

/** A laptop without a settings file: one location on the local engine, said to be for development wherever it shows. */
const DEVELOPMENT = { locations: { local: { isolation: 'none' } } };

/** Reads the settings file; a development set-up on loopback when there is none. Throws a Failure `settings-invalid`. */
export function readSettings(environment: Pick<Environment, 'settingsFile' | 'settingsGiven'>): Settings {
  const text = readSettingsFile(environment);
  return text === undefined
    ? settingsSchema.parse(DEVELOPMENT)
    : parseSettings(text, environment.settingsFile);
}

const SETTINGS_PAGE = 'docs/settings.md';

/** Settings from text. Throws a Failure `settings-invalid` that lists every mistake with its place. */
export function parseSettings(text: string, file: string): Settings {
  const { value, problems } = readDescribed(text, settingsSchema, {
    file,
    code: 'settings-invalid',
    page: SETTINGS_PAGE,
  });
  if (value) return value;
  const [first] = problems;
  if (first && problems.length === 1)
    throw new Failure('settings-invalid', `${file}:${first.line}:${first.column}: ${first.message}`, {
      advice: first.advice,
    });
  throw new Failure('settings-invalid', `${file} has ${problems.length} mistakes:`, {
    excerpt: problems
      .map(({ line, column, message, advice }) =>
        [`${line}:${column}  ${message}`, ...(advice.startsWith(SETTINGS_PAGE) ? [] : [advice])].join(' '),
      )
      .join('\n'),
    advice: `${SETTINGS_PAGE} lists every setting.`,
  });
}

function readSettingsFile({
  settingsFile,
  settingsGiven,
}: Pick<Environment, 'settingsFile' | 'settingsGiven'>): string | undefined {
  try {
    return readFileSync(settingsFile, 'utf8');
  } catch (error) {
    if (!settingsGiven) return undefined;
    throw new Failure('settings-invalid', `The settings file ${settingsFile} cannot be read.`, {
      advice: 'Check KATABOT_SETTINGS, or leave it out for a development set-up.',
      cause: error,
    });
  }
}

/** docs/settings.md, from the tables above. */
export function settingsPage(): string {
  const variables = VARIABLES.map(
    ({ name: variable, default: fallback, says }) =>
      `| \`${variable}\` | ${fallback ? `\`${fallback}\`` : ''} | ${says} |`,
  );
  const rows = rowsOf(z.toJSONSchema(settingsSchema, { io: 'input' }), '');
  return `${SETTINGS_INTRODUCTION}
| variable | without it | what it is |
| --- | --- | --- |
${variables.join('\n')}

## The settings file

| setting | default | what it is |
| --- | --- | --- |
${rows.join('\n')}
`;
}

const SETTINGS_INTRODUCTION = `# Settings

This page is made from the tables that read your settings: \`npm run docs\` writes it anew.

Without a settings file the bot runs for development: one location \`local\` on the local engine, without isolation, on
loopback. A settings file says more:

\`\`\`yaml
instance: katabot
http: { address: 0.0.0.0:7070 }
edge: { address: 0.0.0.0:7080, domain: apps.example.com }
locations:
  office:
    engine: unix:///var/run/docker.sock
    isolation: none
    addresses: 203.0.113.0/28
    prices: { currency: EUR, vcpuPerHour: 0.02, memoryGbPerHour: 0.003 }
repositories: [shop, acme/site]
\`\`\`

## Environment variables
`;

interface Described {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
}

function rowsOf(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const {
    description,
    default: fallback,
    enum: values,
    properties,
    additionalProperties,
    items,
    anyOf = [],
  }: Described = schema;
  const shown = fallback === undefined || typeof fallback === 'object' ? '' : `\`${String(fallback)}\``;
  const choices = values ? ` One of ${values.map((value) => `\`${String(value)}\``).join(', ')}.` : '';
  const own = path && description ? [`| \`${path}\` | ${shown} | ${description}${choices} |`] : [];
  const inner = Object.entries(properties ?? {}).flatMap(([key, value]) =>
    rowsOf(value, path ? `${path}.${key}` : key),
  );
  const ways = anyOf.flatMap((way) => rowsOf(way, path));
  return [
    ...own,
    ...inner,
    ...ways,
    ...rowsOf(items, `${path}[]`),
    ...rowsOf(additionalProperties, `${path}.NAME`),
  ];
}
