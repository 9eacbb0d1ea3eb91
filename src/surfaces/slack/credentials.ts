import { readFileSync } from 'node:fs';
import { Failure, messageOf } from '../../failure.ts';
import { Secret } from '../../secrets/index.ts';
import type { SlackSettings } from './parts.ts';

/** Where the settings say that keys are. */
export interface SlackFiles {
  readonly signingSecretFile?: string | undefined;
  readonly botTokenFile?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly appTokenFile?: string | undefined;
}

export type SlackCredentials = Pick<SlackSettings, 'signingSecrets' | 'botToken' | 'client' | 'appToken'>;

const SHORTEST_SECRET = 16;

/**
 * What Slack gave when the app was made; undefined when the settings name nothing of it yet. Throws a Failure
 * `slack-credentials` for files that cannot be used, and for a bot that would take requests without a secret.
 */
export function readCredentials(files: SlackFiles): SlackCredentials | undefined {
  const { signingSecretFile, botTokenFile, clientId, clientSecretFile, appTokenFile } = files;
  if ([signingSecretFile, botTokenFile, clientId, clientSecretFile, appTokenFile].every((each) => !each))
    return undefined;
  if (!signingSecretFile && !appTokenFile)
    throw unusable(
      'nothing says what Slack signs with',
      'Set slack.signingSecretFile, or slack.appTokenFile for socket mode.',
    );
  if (!botTokenFile && !(clientId && clientSecretFile)) {
    throw unusable(
      'no workspace can be spoken to',
      'Set slack.botTokenFile for one workspace, or slack.clientId and slack.clientSecretFile for several.',
    );
  }
  const client =
    clientId && clientSecretFile
      ? { id: clientId, secret: oneOf(clientSecretFile, 'clientSecretFile', /^\S{8,}$/) }
      : undefined;
  return {
    signingSecrets: signingSecretFile ? secretsIn(signingSecretFile) : [],
    botToken: botTokenFile ? oneOf(botTokenFile, 'botTokenFile', /^xoxb-\S{8,}$/) : undefined,
    client,
    appToken: appTokenFile ? oneOf(appTokenFile, 'appTokenFile', /^xapp-\S{8,}$/) : undefined,
  };
}

/** The newest on the first line; while it is replaced, the one before it below. */
function secretsIn(file: string): Secret[] {
  const secrets = textOf(file, 'signingSecretFile')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (!secrets.length || secrets.some((secret) => secret.length < SHORTEST_SECRET)) {
    throw unusable(
      `${file} holds no secret of ${SHORTEST_SECRET} characters or more on each line`,
      'Write the signing secret of the app’s page Basic Information; while it is replaced, the new one above the old one.',
    );
  }
  return secrets.map((secret) => new Secret(secret));
}

function oneOf(file: string, setting: string, shape: RegExp): Secret {
  const text = textOf(file, setting).trim();
  if (shape.test(text)) return new Secret(text);
  throw unusable(
    `${file} does not hold what slack.${setting} is for`,
    'docs/slack.md says which value it is, and where Slack shows it.',
  );
}

function textOf(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(`${file} cannot be read (${messageOf(error)})`, `Check slack.${setting} in the settings.`);
  }
}

function unusable(what: string, advice: string): Failure {
  return new Failure('slack-credentials', `The Slack app cannot be used: ${what}.`, { advice });
}
