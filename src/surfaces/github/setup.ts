import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { ProbotOctokit } from 'probot';
import * as z from 'zod';
import { packageFile } from '../../package.ts';
import { Secret } from '../../secrets/index.ts';
import type { Credentials } from './clients.ts';
import { createdPage, refusedPage, setupPage } from './setup-page.ts';
import { SIGNED_IN } from './sign-in.ts';
import { webUrlOf } from './web-url.ts';

export interface SetupParts {
  readonly apiUrl: string;
  /** Where people and GitHub reach the bot, such as `https://katabot.example.com`. */
  readonly publicUrl: () => string;
  /** Whether GitHub can reach it: without, everything is found by looking. */
  readonly hasWebhook: boolean;
  /** Keeps what GitHub gave, and begins with it. */
  readonly created: (credentials: Credentials) => Promise<void>;
  readonly reportInternal: (error: unknown) => string;
}

export interface Setup {
  /** The address that begins it, for whoever reads the bot's own log. */
  readonly url: () => string;
  page(query: { readonly token?: string; readonly organization?: string }): Page;
  /** Where GitHub sends the browser back to. */
  created(query: { readonly code?: string; readonly state?: string }): Promise<Page>;
}

export interface Page {
  readonly status: 200 | 403 | 502;
  readonly html: string;
}

const conversionSchema = z.object({
  id: z.number(),
  slug: z.string(),
  pem: z.string(),
  webhook_secret: z.string().min(1),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  html_url: z.string(),
});

/**
 * Makes the app on GitHub in one click, from the manifest. Whoever has the address in the bot's log may do it, once: the
 * address holds a token, and what comes back has to hold the state that was sent.
 */
export function createSetup(parts: SetupParts): Setup {
  const token = randomBytes(24).toString('hex');
  const state = randomBytes(24).toString('hex');
  let done = false;
  return {
    url: () => `${parts.publicUrl()}/github/setup?token=${token}`,
    page({ token: given = '', organization = '' }) {
      if (done || !isSame(given, token)) return { status: 403, html: refusedPage() };
      const manifest = manifestFor(parts.publicUrl(), parts.hasWebhook);
      const host = webUrlOf(parts.apiUrl);
      const owner = /^[\w-]{1,39}$/.test(organization) ? `/organizations/${organization}` : '';
      return {
        status: 200,
        html: setupPage({ action: `${host}${owner}/settings/apps/new?state=${state}`, manifest, token }),
      };
    },
    async created({ code = '', state: given = '' }) {
      if (done || !isSame(given, state) || !/^[\w-]{1,200}$/.test(code))
        return { status: 403, html: refusedPage() };
      try {
        const octokit = new ProbotOctokit({ baseUrl: parts.apiUrl });
        const { data } = await octokit.request('POST /app-manifests/{code}/conversions', { code });
        const app = conversionSchema.parse(data);
        done = true;
        await parts.created({
          appId: app.id,
          privateKey: new Secret(app.pem),
          webhookSecrets: [new Secret(app.webhook_secret)],
          client: { id: app.client_id, secret: new Secret(app.client_secret) },
        });
        const { slug, html_url: url } = app;
        return { status: 200, html: createdPage({ slug, url: `${url}/installations/new` }) };
      } catch (error) {
        return { status: 502, html: refusedPage(parts.reportInternal(error)) };
      }
    },
  };
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const manifestSchema = z.looseObject({ name: z.string(), hook_attributes: z.unknown().optional() });

/** `app.yml` as GitHub wants it for a bot at this address. */
function manifestFor(publicUrl: string, hasWebhook: boolean): string {
  const manifest = manifestSchema.parse(load(readFileSync(packageFile('app.yml'), 'utf8')));
  return JSON.stringify({
    ...manifest,
    url: publicUrl,
    redirect_url: `${publicUrl}/github/created`,
    callback_urls: [`${publicUrl}${SIGNED_IN}`],
    // GitHub wants an address also for a webhook that is off.
    hook_attributes: hasWebhook
      ? { url: `${publicUrl}/github/webhooks`, active: true }
      : { url: 'https://example.com/', active: false },
  });
}
