/** Name servers that take updates, each with the very settings and commands that docs/dns.md tells people to write. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { canHave, freePort, type NameServer, needPrograms, output, started } from './name-servers.ts';

export interface UpdateServer extends NameServer {
  /** Made by the server, as the page says, and allowed to change the zone. */
  readonly key: { readonly name: string; readonly secret: string };
}

interface Place {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
}

interface Kind {
  readonly program: string;
  readonly file: string;
  /** What a machine has written before anybody reads the page: where the server listens, and where its files lie. */
  readonly own: (place: Place) => string;
  /** Where it listens, whatever is wished. */
  readonly host?: string;
  readonly words: (folder: string) => string[];
  /** What a machine with a zone has besides files. */
  readonly prepare?: (folder: string, zone: string) => Promise<void>;
  /** Leads a command of the page to this server among those of the machine. */
  readonly more?: (folder: string) => string[];
}

/** A key that every server knows and lets change nothing. */
export const READER = {
  name: 'reader',
  secret: Buffer.from('a key that only tests know').toString('base64'),
};

const KEY = 'katabot-key';
const PAGE = resolve(import.meta.dirname, '../../docs/dns.md');
/** Folders of a machine of its own, which in a test are the folder of the run. */
const FOLDERS = ['/etc/knot', '/etc/bind', '/var/lib/bind'];
const PDNS_SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';
const pdnsConfig = (folder: string) => [`--config-dir=${folder}`];

/** By the heading on the page. */
const KINDS = {
  Knot: {
    program: 'knotd',
    file: 'knot.conf',
    own: ({ folder, host, port }) => `server:
  rundir: "${folder}"
  listen: ${host}@${port}
database:
  storage: "${folder}"
template:
  - id: default
    storage: "${folder}"
key:
  - id: ${READER.name}
    algorithm: hmac-sha256
    secret: ${READER.secret}
`,
    words: (folder) => ['-c', join(folder, 'knot.conf')],
  },
  BIND: {
    program: 'named',
    file: 'named.conf',
    own: ({ folder, host, port }) => `options {
  directory "${folder}";
  pid-file none;
  session-keyfile none;
  listen-on port ${port} { ${host}; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
key ${READER.name} { algorithm hmac-sha256; secret "${READER.secret}"; };
`,
    host: '127.0.0.1', // it listens only where an interface has the very address
    words: (folder) => ['-g', '-n', '1', '-c', join(folder, 'named.conf')],
  },
  PowerDNS: {
    program: 'pdns_server',
    file: 'pdns.conf',
    own: ({ folder, host, port }) => `launch=gsqlite3
gsqlite3-database=${join(folder, 'zones.sqlite3')}
local-address=${host}
local-port=${port}
socket-dir=${folder}
security-poll-suffix=
`,
    words: (folder) => [...pdnsConfig(folder), '--daemon=no', '--guardian=no'],
    async prepare(folder, zone) {
      const database = new DatabaseSync(join(folder, 'zones.sqlite3'));
      database.exec(await readFile(PDNS_SCHEMA, 'utf8'));
      database.close();
      const tell = (...words: string[]) => output('pdnsutil', [...pdnsConfig(folder), ...words]);
      await tell('load-zone', zone, join(folder, `${zone}.zone`));
      await tell('import-tsig-key', READER.name, 'hmac-sha256', READER.secret);
    },
    more: pdnsConfig,
  },
} satisfies Readonly<Record<string, Kind>>;

type UpdateServerKind = keyof typeof KINDS;

/** Each with whether the machine has it, or can install it. */
export const UPDATE_SERVERS = [
  { name: 'Knot', isHere: canHave(KINDS.Knot.program) },
  { name: 'BIND', isHere: canHave(KINDS.BIND.program) },
  { name: 'PowerDNS', isHere: canHave(KINDS.PowerDNS.program) },
] as const;

/** The primary server of a zone, which takes updates that are signed with its key; `records` are more lines of the zone's file. */
export async function startUpdateServer(
  name: UpdateServerKind,
  wished: string,
  zone: string,
  records = '',
): Promise<UpdateServer> {
  const kind: Kind = KINDS[name];
  needPrograms(kind.program, 'dig');
  const { host = wished } = kind;
  const port = await freePort(host);
  let secret = '';
  const server = await started(kind.program, host, port, [], async (folder) => {
    const page = await readPage(name, { folder, zone });
    await writeFile(join(folder, kind.file), `${kind.own({ folder, host, port })}${page.settings}`);
    await writeFile(join(folder, `${zone}.zone`), zoneFile(zone, host, records));
    await kind.prepare?.(folder, zone);
    secret = await obey(page.commands, kind.more?.(folder) ?? []);
    return { words: kind.words(folder) };
  });
  return { ...server, key: { name: KEY, secret } };
}

/** What the page says under the heading of a server, for this folder and this zone. */
async function readPage(
  heading: string,
  { folder, zone }: { folder: string; zone: string },
): Promise<{ settings: string; commands: string[] }> {
  let [, section = ''] = (await readFile(PAGE, 'utf8')).split(`\n### ${heading}\n`);
  section = section.split('\n### ')[0] ?? '';
  for (const each of FOLDERS) section = section.replaceAll(each, folder);
  section = section.replaceAll('groups.example.com', zone).replaceAll('192.0.2.7/32', '127.0.0.0/8');
  const block = (language: string) =>
    new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? '';
  return { settings: block('text'), commands: block('sh').split('\n').filter(Boolean) };
}

/** Runs the commands of the page; gives the secret of the key that they have made. */
async function obey(commands: readonly string[], more: readonly string[]): Promise<string> {
  let secret: string | undefined;
  for (const command of commands) {
    const [line = '', file] = command.split(' > ');
    const [program = '', ...words] = line.split(' ');
    const said = await output(program, [...more, ...words]);
    if (file) await writeFile(file, said);
    secret = /[A-Za-z0-9+/]{43,}=+/.exec(said)?.[0] ?? secret;
  }
  if (!secret) throw new Error(`no key was made by ${commands.map((each) => basename(each)).join(', ')}`);
  return secret;
}

function zoneFile(zone: string, host: string, records: string): string {
  return `$ORIGIN ${zone}.
@ 60 SOA ns1 hostmaster 1 3600 600 86400 60
@ 60 NS ns1
ns1 60 A ${host}
elsewhere 60 A 192.0.2.1
${records}`;
}
