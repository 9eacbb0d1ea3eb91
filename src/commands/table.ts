import type { Argument, Option, Surface, Verb } from './verb.ts';

const GROUP: Argument = {
  name: 'group',
  required: false,
  repeated: false,
  says: 'a group, or group/container',
};
const THE_GROUP: Argument = { ...GROUP, required: true };
const ENVIRONMENT: Argument = {
  name: 'environment',
  required: false,
  repeated: false,
  says: 'where; production when nothing is said',
};
const JSON_OPTION: Option = { name: 'json', type: 'flag', says: 'print one JSON document instead of text' };
const DRY_RUN: Option = {
  name: 'dry-run',
  type: 'flag',
  says: 'say what would happen, and change nothing',
};
const YES: Option = {
  name: 'yes',
  letter: 'y',
  type: 'flag',
  says: 'do not ask, in a protected environment',
};
const REASON: Option = { name: 'reason', type: 'text', says: 'why; kept in the history and the audit' };
const FILE: Option = {
  name: 'file',
  letter: 'f',
  type: 'text',
  says: 'a containergroup.yaml on this machine',
};
const QUEUE: Option = {
  name: 'queue',
  type: 'flag',
  says: 'wait in line for room or GPUs that others hold now',
};
const PROPOSAL: Argument = {
  name: 'proposal',
  required: true,
  repeated: false,
  says: 'what waits, such as ask-7f3k2m, or the environment where only one does',
};
const CHANGES: readonly Option[] = [DRY_RUN, YES, REASON, JSON_OPTION];
/** A pull request is read by many: what is about the host and about other people is not said there. Slack answers it to one person. */
const PRIVATELY: readonly Surface[] = ['cli', 'api', 'git', 'slack'];
const EVERYWHERE: readonly Surface[] = [...PRIVATELY, 'github'];
const SLACK: readonly Surface[] = ['slack'];
const REPOSITORY: Argument = {
  name: 'repository',
  required: true,
  repeated: false,
  says: 'a repository, such as acme/shop',
};

/** Every verb, in the order in which help shows them. */
export const VERBS: readonly Verb[] = [
  {
    name: 'plan',
    aliases: ['noop', 'diff'],
    summary: 'Show what a deploy would change, what it would cost, and whether it would be allowed',
    arguments: [GROUP, ENVIRONMENT, commit('the branch’s newest commit when nothing is said')],
    options: [
      FILE,
      { name: 'offline', type: 'flag', says: 'without a bot: check the file and its price' },
      QUEUE,
      JSON_OPTION,
    ],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: [
      'katabot plan hello',
      'katabot plan --file containergroup.yaml',
      'katabot plan --file containergroup.yaml in staging',
      'katabot plan --file containergroup.yaml --offline',
    ],
  },
  {
    name: 'deploy',
    aliases: ['up', 'ship'],
    summary: 'Bring a group up, or to its newest commit; a git push does the same',
    arguments: [GROUP, ENVIRONMENT, commit('the branch’s newest commit when nothing is said')],
    options: [
      FILE,
      { name: 'ttl', type: 'duration', says: 'remove the group after this long, such as 4h' },
      QUEUE,
      {
        name: 'break-glass',
        type: 'flag',
        says: 'go past approvals and waits; takes an operator and a reason, and is told to all',
      },
      ...CHANGES,
    ],
    right: 'deployer',
    surfaces: EVERYWHERE,
    mutating: true,
    confirms: true,
    examples: [
      'katabot deploy hello',
      'katabot deploy hello to staging @9f31c02',
      'katabot deploy --file containergroup.yaml to staging --ttl 4h',
    ],
  },
  {
    name: 'status',
    aliases: ['st'],
    summary: 'Show what runs: state, address, restarts, price, what it has cost',
    arguments: [GROUP, ENVIRONMENT],
    options: [JSON_OPTION],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot status', 'katabot status hello', 'katabot status hello in feature-x --json'],
  },
  {
    name: 'list',
    aliases: ['ls'],
    summary: 'List groups, one a line, in every environment or in one',
    arguments: [ENVIRONMENT],
    options: [
      { name: 'mine', type: 'flag', says: 'only what you deployed' },
      { name: 'expiring', type: 'flag', says: 'only what goes by itself, soonest first' },
      { name: 'gpu', type: 'flag', says: 'only what holds a GPU' },
      JSON_OPTION,
    ],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot list', 'katabot list in staging', 'katabot list --mine --json'],
  },
  {
    name: 'history',
    aliases: [],
    summary: 'Show the revisions of a group: who, when, which commit, how it went',
    arguments: [THE_GROUP, ENVIRONMENT],
    options: [
      { name: 'last', letter: 'n', type: 'number', says: 'only the newest ones; 10 when nothing is said' },
      JSON_OPTION,
    ],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot history hello', 'katabot history hello in staging -n 3'],
  },
  {
    name: 'logs',
    aliases: [],
    summary: 'Show what the containers of a group print',
    arguments: [THE_GROUP, ENVIRONMENT],
    options: [
      { name: 'tail', letter: 'n', type: 'number', says: 'only the last lines of each container' },
      { name: 'since', type: 'duration', says: 'only lines that are younger, such as 15m' },
      { name: 'grep', type: 'text', says: 'only lines that contain this text, in any case' },
      { name: 'previous', letter: 'p', type: 'flag', says: 'what the run before the last restart printed' },
      { name: 'timestamps', letter: 't', type: 'flag', says: 'put the time before each line' },
      { name: 'follow', letter: 'f', type: 'flag', says: 'go on with new lines until interrupted' },
      JSON_OPTION,
    ],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: [
      'katabot logs hello',
      'katabot logs hello/web --tail 20',
      'katabot logs hello --since 15m --grep error',
      'katabot logs hello/web --previous',
      'katabot logs hello -f',
    ],
  },
  {
    name: 'exec',
    aliases: ['run'],
    summary: 'Run a program in a container: its own arguments, exit code, output and errors apart',
    arguments: [THE_GROUP, ENVIRONMENT, command()],
    options: [
      { name: 'terminal', letter: 't', type: 'flag', says: 'give the program a terminal: this one' },
      { name: 'input', letter: 'i', type: 'flag', says: 'pass standard input on' },
      { name: 'timeout', type: 'duration', says: 'end it after this long; 30s without a terminal' },
      YES,
      JSON_OPTION,
    ],
    right: 'operator',
    surfaces: ['cli', 'api', 'slack'],
    mutating: false,
    confirms: true,
    examples: ['katabot exec hello/web -- ls -l /www', 'katabot exec hello/web in staging -t -- sh'],
  },
  {
    name: 'attach',
    aliases: [],
    summary: 'Look at a container’s output as it comes, byte for byte, from now on',
    arguments: [THE_GROUP, ENVIRONMENT],
    options: [],
    right: 'reader',
    surfaces: ['cli', 'api'],
    mutating: false,
    confirms: false,
    examples: ['katabot attach hello/web'],
  },
  {
    name: 'gpu',
    aliases: ['usage', 'top'],
    summary: 'Show what containers use now: processor, memory, and the GPUs they hold',
    arguments: [GROUP, ENVIRONMENT],
    options: [JSON_OPTION],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot gpu', 'katabot gpu hello'],
  },
  {
    name: 'cost',
    aliases: ['bill'],
    summary: 'Show what groups have cost, to the second, also after they are gone',
    arguments: [GROUP, ENVIRONMENT],
    options: [
      { name: 'since', type: 'duration', says: 'only what was used since, such as 7d' },
      {
        name: 'by',
        type: 'text',
        says: 'what to sum up by',
        values: ['group', 'environment', 'repository', 'caller'],
      },
      JSON_OPTION,
    ],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot cost', 'katabot cost hello', 'katabot cost --since 7d --by repository'],
  },
  {
    ...changing('stop', [], 'Stop a group: its meter ends, its name, address and volumes stay'),
    retreats: true,
  },
  {
    ...changing('start', [], 'Start a group that was stopped, as it was'),
    options: [QUEUE, ...CHANGES],
  },
  changing('restart', ['bounce'], 'Restart the containers of a group where they are; the address stays'),
  {
    ...changing('rollback', ['undo'], 'Go back to an earlier revision, with the very images it ran'),
    options: [QUEUE, ...CHANGES],
    retreats: true,
    arguments: [
      THE_GROUP,
      ENVIRONMENT,
      {
        name: 'release',
        required: false,
        repeated: false,
        says: 'which one; the last that ran before this one when nothing is said',
      },
    ],
    examples: [
      'katabot rollback hello',
      'katabot rollback hello in staging to 3',
      'katabot rollback hello to @9f31c02',
    ],
  },
  changing('cancel', [], 'Give up a deploy that is under way: back to what ran before it'),
  {
    ...changing('delete', ['destroy', 'down', 'rm'], 'Remove a group and show its final bill'),
    examples: ['katabot delete hello', 'katabot delete hello in feature-x --dry-run'],
  },
  {
    name: 'approve',
    aliases: [],
    summary: 'Say yes to a deploy that waits for it, of this commit and no other',
    arguments: [PROPOSAL],
    options: [REASON, JSON_OPTION],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot approve ask-7f3k2m', 'katabot approve staging --reason seen'],
  },
  {
    name: 'reject',
    aliases: [],
    summary: 'Say no to a deploy that waits; who has asked for it takes it back with this',
    arguments: [PROPOSAL],
    options: [REASON, JSON_OPTION],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot reject ask-7f3k2m --reason unfinished'],
  },
  {
    name: 'confirm',
    aliases: [],
    summary: 'Say that you mean what the bot has asked you about',
    arguments: [
      {
        name: 'proposal',
        required: true,
        repeated: false,
        says: 'what the bot has called it, such as yes-7f3k2m',
      },
    ],
    options: [JSON_OPTION],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot confirm yes-7f3k2m'],
  },
  {
    name: 'export',
    aliases: [],
    summary: 'Print a group as a containergroup.yaml; secrets stand as references, so nothing leaks',
    arguments: [
      THE_GROUP,
      ENVIRONMENT,
      { name: 'release', required: false, repeated: false, says: 'an earlier revision' },
    ],
    options: [JSON_OPTION],
    right: 'reader',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot export hello > containergroup.yaml', 'katabot export hello to 2'],
  },
  {
    ...changing('extend', [], 'Let a group that goes by itself live longer, and show what that costs'),
    options: [
      { name: 'by', type: 'duration', says: 'this much longer, such as 2h' },
      { name: 'until', type: 'time', says: 'until then, such as 18:00 (UTC) or 2026-11-24T18:00Z' },
      DRY_RUN,
      JSON_OPTION,
    ],
    confirms: false,
    examples: [
      'katabot extend hello in feature-x --by 2h',
      'katabot extend hello in feature-x --until 18:00',
    ],
  },
  {
    name: 'follow',
    aliases: [],
    summary: 'Pick up a command that still runs, here or for somebody else; without a name, list them',
    arguments: [{ name: 'operation', required: false, repeated: false, says: 'such as op-7f3k2m' }],
    options: [JSON_OPTION],
    right: 'reader',
    surfaces: ['cli'],
    mutating: false,
    confirms: false,
    examples: ['katabot follow', 'katabot follow op-7f3k2m'],
  },
  {
    name: 'whoami',
    aliases: [],
    summary: 'Show who the bot takes you for, what you may do, and why',
    arguments: [],
    options: [JSON_OPTION],
    right: 'anybody',
    surfaces: EVERYWHERE,
    mutating: false,
    confirms: false,
    examples: ['katabot whoami'],
  },
  {
    ...inSlack('link', 'Show that a GitHub account is yours: then your role there counts in Slack'),
    right: 'anybody',
    examples: ['katabot link'],
  },
  {
    ...inSlack('unlink', 'Forget which GitHub account is yours'),
    right: 'anybody',
    examples: ['katabot unlink'],
  },
  {
    ...inSlack('subscribe', 'Tell this channel what happens to what a repository runs'),
    arguments: [
      REPOSITORY,
      {
        name: 'filters',
        required: false,
        repeated: true,
        says: 'env:staging,pr-* on:deployed,failed,removed,approval cost>5/h; everything but the price without any',
      },
    ],
    examples: [
      'katabot subscribe acme/shop',
      'katabot subscribe acme/shop env:production on:failed,removed "cost>5/h"',
    ],
  },
  {
    ...inSlack('unsubscribe', 'Tell this channel no more of a repository'),
    arguments: [REPOSITORY],
    examples: ['katabot unsubscribe acme/shop'],
  },
  {
    ...inSlack('subscriptions', 'Show what this channel is told of'),
    right: 'anybody',
    examples: ['katabot subscriptions'],
  },
  {
    name: 'doctor',
    aliases: [],
    summary: 'Check the bot, its engines, clocks, disks and repositories, and say what to mend',
    arguments: [],
    options: [JSON_OPTION],
    right: 'operator',
    surfaces: PRIVATELY,
    mutating: false,
    confirms: false,
    examples: ['katabot doctor'],
  },
  {
    name: 'host',
    aliases: [],
    summary: 'Let a host take no new groups, or take them again; what runs there stays',
    arguments: [
      { name: 'action', required: true, repeated: false, says: 'drain or undrain' },
      { name: 'name', required: true, repeated: false, says: 'the host, as doctor names it' },
    ],
    options: [JSON_OPTION],
    right: 'operator',
    surfaces: PRIVATELY,
    mutating: false,
    confirms: false,
    everywhere: true,
    examples: ['katabot host drain one', 'katabot host undrain one'],
  },
  {
    name: 'audit',
    aliases: [],
    summary:
      'Show who asked what, what was decided and what came of it; `audit verify` proves that no row was changed',
    arguments: [{ name: 'action', required: false, repeated: false, says: 'verify' }, ENVIRONMENT],
    options: [
      { name: 'since', type: 'duration', says: 'only what is younger, such as 24h' },
      { name: 'caller', type: 'text', says: 'only what this caller asked' },
      { name: 'last', letter: 'n', type: 'number', says: 'only the newest rows; 50 when nothing is said' },
      JSON_OPTION,
    ],
    right: 'operator',
    surfaces: PRIVATELY,
    mutating: false,
    confirms: false,
    examples: [
      'katabot audit --since 24h',
      'katabot audit --caller ann in production',
      'katabot audit verify',
    ],
  },
  {
    name: 'secret',
    aliases: ['secrets'],
    summary: 'Keep secrets for specs and registries: set, list and remove them, or seal a value for a file',
    arguments: [
      {
        name: 'action',
        required: true,
        repeated: false,
        says: 'set, list, remove, seal, or recipient (the key to seal for)',
      },
      {
        name: 'name',
        required: false,
        repeated: false,
        says: 'such as DATABASE, or registry:ghcr.io for a login; the value is asked for, or read from standard input',
      },
      { ...ENVIRONMENT, says: 'only for groups there; for all environments when nothing is said' },
    ],
    options: [
      { name: 'repository', type: 'text', says: 'only for groups of this repository' },
      { name: 'recipient', type: 'text', says: 'seal for this key, without asking a bot' },
      JSON_OPTION,
    ],
    right: 'operator',
    surfaces: ['cli', 'api'],
    mutating: false,
    confirms: false,
    takesSecret: true,
    examples: [
      'katabot secret set DATABASE in production --repository acme/shop',
      'katabot secret set registry:ghcr.io',
      'katabot secret list',
      'katabot secret remove DATABASE in production --repository acme/shop',
      'katabot secret seal in production --repository acme/shop',
    ],
  },
  local({
    name: 'new',
    summary: 'Write a containergroup.yaml from a template; without a name, list the templates',
    arguments: [
      { name: 'template', required: false, repeated: false, says: 'such as web' },
      { name: 'folder', required: false, repeated: false, says: 'where to; here when nothing is said' },
    ],
    options: [{ name: 'name', type: 'text', says: 'the name of the group' }, JSON_OPTION],
    examples: ['katabot new', 'katabot new web', 'katabot new job nightly --name nightly'],
  }),
  local({
    name: 'validate',
    aliases: ['check', 'lint'],
    summary: 'Check containergroup.yaml files without a bot; exit code 1 when one has errors',
    arguments: [
      { name: 'files', required: true, repeated: true, says: 'files to check; - reads standard input' },
    ],
    options: [JSON_OPTION],
    examples: [
      'katabot validate containergroup.yaml',
      'katabot validate --json */containergroup.yaml',
      'katabot validate -',
    ],
  }),
  local({
    name: 'schema',
    summary: 'Print the JSON Schema of containergroup.yaml for editors',
    examples: ['katabot schema > .katabot.schema.json'],
  }),
  local({
    name: 'login',
    summary: 'Remember a bot’s address and your token for it; asks for the token, which is never an argument',
    arguments: [
      {
        name: 'url',
        required: false,
        repeated: false,
        says: 'such as https://bot.example.com; http://127.0.0.1:7070 when nothing is said',
      },
    ],
    options: [JSON_OPTION],
    examples: ['katabot login https://bot.example.com'],
  }),
  local({
    name: 'completion',
    summary: 'Print a script that completes verbs, options and groups in your shell',
    arguments: [{ name: 'shell', required: true, repeated: false, says: 'bash, zsh or fish' }],
    examples: ['katabot completion bash > ~/.local/share/bash-completion/completions/katabot'],
  }),
  local({
    name: 'serve',
    summary: 'Run the bot: git over HTTP, the API, the HTTP edge, watched repositories',
    examples: ['katabot serve', 'KATABOT_SETTINGS=/etc/katabot.yml katabot serve'],
  }),
  local({
    name: 'token',
    aliases: ['tokens'],
    summary: 'Create, list or revoke the tokens of callers (in the bot’s own data folder)',
    arguments: [
      { name: 'action', required: true, repeated: false, says: 'create, list or revoke' },
      { name: 'caller', required: false, repeated: false, says: 'whose token: a short name such as ann' },
    ],
    options: [
      {
        name: 'right',
        type: 'text',
        says: 'the most that the token allows; deployer when nothing is said',
        values: ['reader', 'deployer', 'operator', 'admin'],
      },
      {
        name: 'expires',
        type: 'duration',
        says: 'how long it works, such as 90d; for ever when nothing is said',
      },
      JSON_OPTION,
    ],
    examples: [
      'katabot token create ann',
      'katabot token create ci --right operator --expires 90d',
      'katabot token revoke ann',
    ],
  }),
  local({
    name: 'help',
    summary: 'Show the verbs, or one verb with its options and examples',
    surfaces: ['local', 'git', 'github', 'slack'],
    arguments: [{ name: 'topic', required: false, repeated: false, says: 'a verb' }],
    examples: ['katabot help', 'katabot help logs'],
  }),
];

function commit(otherwise: string): Argument {
  return { name: 'commit', required: false, repeated: false, says: `@ and a commit; ${otherwise}` };
}

function command(): Argument {
  return { name: 'command', required: true, repeated: true, says: 'the program and its arguments, after --' };
}

/** A verb that changes one group that is there. */
function changing(name: string, aliases: readonly string[], summary: string): Verb {
  return {
    name,
    aliases,
    summary,
    arguments: [THE_GROUP, ENVIRONMENT],
    options: CHANGES,
    right: 'deployer',
    surfaces: EVERYWHERE,
    mutating: true,
    confirms: true,
    examples: [`katabot ${name} hello`, `katabot ${name} hello in staging`],
  };
}

/** A verb about a person, or a channel, of Slack. */
function inSlack(name: string, summary: string): Verb {
  return {
    name,
    aliases: [],
    summary,
    arguments: [],
    options: [JSON_OPTION],
    right: 'reader',
    surfaces: SLACK,
    mutating: false,
    confirms: false,
    examples: [],
  };
}

/** A verb of the command line itself, which needs no bot. */
function local(verb: Pick<Verb, 'name' | 'summary' | 'examples'> & Partial<Verb>): Verb {
  return {
    aliases: [],
    arguments: [],
    options: [],
    right: null,
    surfaces: ['local'],
    mutating: false,
    confirms: false,
    ...verb,
  };
}
