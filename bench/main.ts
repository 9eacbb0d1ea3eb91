/** `npm run bench`: what Katabot costs in time, each figure beside something that people know. */
import { parseArgs } from 'node:util';
import { type Figure, figureLines, figureTable } from './figure.ts';

/** Loaded one by one, so that `validate` needs no engine and `--help` needs nothing. */
const BENCHES: Readonly<Record<string, { says: string; run(): Promise<readonly Figure[]> }>> = {
  validate: {
    says: 'reading and checking containergroup.yaml files',
    run: async () => (await import('./validate.ts')).benchValidate(),
  },
  deploy: {
    says: 'a group of three containers, from accepted to all running, against compose and bare API calls',
    run: async () => (await import('./deploy.ts')).benchDeploy((await import('./katabot.ts')).startKatabot),
  },
  crowd: {
    says: 'ten groups at once, against ten composes at once and one after another',
    run: async () => (await import('./crowd.ts')).benchCrowd(),
  },
  warm: {
    says: 'a group that takes over a sandbox which waited, against one that makes its own',
    run: async () => (await import('./warm.ts')).benchWarm(),
  },
  start: {
    says: 'the bot, from the first instruction to its first answer',
    run: async () => (await import('./start.ts')).benchStart(),
  },
  logs: {
    says: 'the log of one container, against `docker logs`',
    run: async () => (await import('./logs.ts')).benchLogs(),
  },
  status: {
    says: '`status` of a thousand groups, on an engine that keeps its containers in memory',
    run: async () => (await import('./status.ts')).benchStatus(),
  },
  webhook: {
    says: 'GitHub webhooks: how soon they are answered, against a Probot app that only answers',
    run: async () => (await import('./webhook.ts')).benchWebhook(),
  },
  dns: {
    says: 'the bot as a name server of 10,000 records, against Knot with the same zone',
    run: async () => (await import('./dns.ts')).benchDns(),
  },
  edge: {
    says: 'requests through the HTTP edge, plain and over TLS, against nginx and caddy in front of the same group, and a caddy that the bot tells',
    run: async () => (await import('./edge.ts')).benchEdge(),
  },
  replace: {
    says: 'requests to a group by its name while a container of it is restarted, and while all of it is replaced: none is to be lost',
    run: async () => (await import('./replace.ts')).benchReplace(),
  },
  slack: {
    says: 'Slack commands: how soon they are acknowledged while a hundred a second arrive',
    run: async () => (await import('./slack.ts')).benchSlack(),
  },
  idle: {
    says: 'a bot with a hundred groups while nothing happens, on a real engine; takes some minutes',
    run: async () => (await import('./idle.ts')).benchIdle(),
  },
};

const USAGE = `npm run bench [-- [NAME...] [--json]]

${Object.entries(BENCHES)
  .map(([name, { says }]) => `  ${name.padEnd(10)}${says}`)
  .join('\n')}

Without a name all of them run, one after another. --json prints one line of JSON a figure.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) {
    process.stderr.write(
      `no bench is called ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}\n`,
    );
    return 2;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  for (const name of names) {
    const figures = (await BENCHES[name]?.run()) ?? [];
    process.stdout.write(values.json ? figureLines(figures) : figureTable(name, figures));
  }
  return 0;
}
