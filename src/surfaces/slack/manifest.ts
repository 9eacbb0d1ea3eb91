import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import * as z from 'zod';
import { packageFile } from '../../package.ts';

const EXAMPLE = 'https://katabot.example.com';
const schema = z.looseObject({
  oauth_config: z.looseObject({ scopes: z.looseObject({ bot: z.array(z.string()) }) }),
});

/** The manifest as text, for a bot at this address; without one, for socket mode. */
export function manifestFor(publicUrl: string): string {
  const text = readFileSync(packageFile('src/surfaces/slack/manifest.yml'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  if (publicUrl) return text.replaceAll(EXAMPLE, publicUrl);
  return text
    .replace(/^ *(request_url|url): .*\n/gm, '')
    .replace(/^ *redirect_urls:\n *- .*\n/m, '')
    .replace('socket_mode_enabled: false', 'socket_mode_enabled: true');
}

/** What the app may do in a workspace. */
export function scopesOf(): readonly string[] {
  return schema.parse(load(manifestFor(EXAMPLE))).oauth_config.scopes.bot;
}

/** Where Slack makes an app of it, after showing what it may do. */
export function createUrl(webUrl: string, publicUrl: string): string {
  const host = webUrl === 'https://slack.com' ? 'https://api.slack.com' : webUrl;
  return `${host}/apps?${new URLSearchParams({ new_app: '1', manifest_yaml: manifestFor(publicUrl) })}`;
}

/** `https://slack.com/api/` -> `https://slack.com` */
export function webUrlOf(apiUrl: string): string {
  return new URL(apiUrl).origin;
}
