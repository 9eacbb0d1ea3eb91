import type { IncomingMessage } from 'node:http';
import { readCredentials, type SlackFiles } from './credentials.ts';
import { createInstall, type Install, type Page } from './install.ts';
import { createSlack, type Slack } from './listen.ts';
import { createUrl, webUrlOf } from './manifest.ts';
import type { SlackParts, SlackSettings } from './parts.ts';
import type { Answer } from './requests.ts';

export interface DoorParts extends Omit<SlackParts, 'settings'> {
  readonly settings: Omit<SlackSettings, 'signingSecrets' | 'botToken' | 'client' | 'appToken'>;
  readonly files: SlackFiles;
  readonly info: (fields: Record<string, unknown>, message: string) => void;
}

/** The Slack surface with its first day: an app that is there is served, for one that is not it is said how it is made. */
export interface SlackDoor extends Pick<Slack, 'start' | 'idle' | 'close'> {
  take(request: IncomingMessage): Promise<Answer>;
  install: Install['begin'];
  installed: Install['end'];
}

const CLOSED: Page = { status: 404, html: '' };
const NO_APP: Answer = { status: 400, json: { error: 'No Slack app is set up yet.' } };

/** Throws a Failure `slack-credentials` when the settings name files that cannot be used. */
export function createSlackDoor(parts: DoorParts): SlackDoor {
  const credentials = readCredentials(parts.files);
  if (!credentials) {
    const { apiUrl, publicUrl } = parts.settings;
    return {
      start: async () =>
        parts.info(
          { open: createUrl(webUrlOf(apiUrl), publicUrl) },
          'there is no Slack app yet: open this address to make it, then name its keys in the settings',
        ),
      take: async () => NO_APP,
      install: async () => CLOSED,
      installed: async () => CLOSED,
      idle: async () => {},
      close: async () => {},
    };
  }
  const settings = { ...parts.settings, ...credentials };
  const slack = createSlack({ ...parts, settings });
  const install = createInstall({
    settings,
    teams: parts.slack.teams,
    clock: parts.clock,
    reportInternal: parts.reportInternal,
  });
  return {
    start: slack.start,
    take: slack.take,
    idle: slack.idle,
    close: slack.close,
    install: install.begin,
    installed: install.end,
  };
}
