import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { load, YAMLException } from 'js-yaml';
import { z } from 'zod';
import { Failure } from './failure.ts';

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
  { name: 'KATABOT_URL', default: 'http://127.0.0.1:7070', says: 'Where the command line finds the bot.' },
  {
    name: 'KATABOT_TOKEN',
    default: '',
    says: 'The caller’s token for the command line; else the file `cli-token` in the data folder.',
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
] as const;

type VariableName = (typeof VARIABLES)[number]['name'];

/** What an environment says, with defaults filled in. */
export interface Environment {
  readonly settingsFile: string;
  readonly settingsGiven: boolean;
  readonly dataFolder: string;
  readonly url: string;
  readonly token: string;
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
  return {
    settingsFile: read('KATABOT_SETTINGS'),
    settingsGiven: Boolean(variables['KATABOT_SETTINGS']),
    dataFolder: read('KATABOT_DATA').replace(/^~(?=\/)/, homedir()),
    url: read('KATABOT_URL').replace(/\/+$/, ''),
    token: read('KATABOT_TOKEN') || tokenIn(read('KATABOT_DATA').replace(/^~(?=\/)/, homedir())),
    logLevel: known,
    dockerHost: read('DOCKER_HOST'),
  };
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
  .regex(/^[0-9a-zA-Z.:[\]-]+:\d{1,5}$/, 'expected host:port, such as 127.0.0.1:7070');
const decimal = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d+(\.\d+)?$/, 'expected a plain amount, such as 0.0405'));
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and hyphens');

const pricesSchema = z
  .strictObject({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'expected a currency code, such as USD')
      .optional(),
    vcpuPerHour: decimal.optional(),
    memoryGbPerHour: decimal.optional(),
    gpuPerHour: z.record(z.string(), decimal).optional(),
    windowsVcpuPerHour: decimal.optional(),
    rounding: z.enum(['exact', 'aci']).optional(),
  })
  .meta({ description: 'What a location costs; ACI’s East US prices where nothing is said.' });

const locationSchema = z.strictObject({
  engine: z
    .string()
    .regex(/^(unix|tcp):\/\//, 'expected unix:///path or tcp://host:port')
    .optional(),
  certificates: z.string().optional(),
  runtime: z.string().default('runc'),
  isolation: z.enum(['hypervisor', 'sandbox', 'none']).default('hypervisor'),
  addresses: z.string().default('127.20.0.0/16'),
  networks: z.string().default('198.18.0.0/15'),
  prices: pricesSchema.prefault({}),
});

const settingsSchema = z.strictObject({
  instance: name.default('katabot'),
  owner: z.string().default('katabot'),
  http: z.strictObject({ address: listenAddress.default('127.0.0.1:7070') }).prefault({}),
  edge: z
    .strictObject({
      address: listenAddress.default('127.0.0.1:7080'),
      domain: z.string().default('localhost'),
    })
    .prefault({}),
  locations: z.record(name, locationSchema).default({}),
  repositories: z.array(z.string()).default([]),
  stopGraceSeconds: z.int().min(0).max(600).default(10),
});

export type Settings = z.infer<typeof settingsSchema>;
export type LocationSettings = z.infer<typeof locationSchema>;

/** A laptop without a settings file: one location on the local engine, said to be for development wherever it shows. */
const DEVELOPMENT = { locations: { local: { isolation: 'none' } } };

/** Reads the settings file; a development set-up on loopback when there is none. Throws a Failure `settings-invalid`. */
export function readSettings(environment: Pick<Environment, 'settingsFile' | 'settingsGiven'>): Settings {
  const text = readSettingsFile(environment);
  return text === undefined
    ? settingsSchema.parse(DEVELOPMENT)
    : parseSettings(text, environment.settingsFile);
}

/** Settings from text. Throws a Failure `settings-invalid` that lists every mistake with its place. */
export function parseSettings(text: string, file: string): Settings {
  let written: unknown;
  try {
    written = load(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark ? `:${error.mark.line + 1}:${error.mark.column + 1}` : '';
    throw new Failure('settings-invalid', `${file}${place}: ${error.reason}`, {
      advice: 'Mend the YAML.',
      cause: error,
    });
  }
  const settings = settingsSchema.safeParse(written);
  if (settings.success) return settings.data;
  const mistakes = settings.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  throw new Failure('settings-invalid', `${file}: ${mistakes.join('; ')}`, {
    advice: 'docs/settings.md lists every setting.',
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
