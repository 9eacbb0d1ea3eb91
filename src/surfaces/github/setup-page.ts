import { html } from 'hono/html';
import { page } from '../page.ts';

/** One click: GitHub takes the manifest from the form and asks whether that is meant. */
export function setupPage({
  action,
  manifest,
  token,
}: {
  action: string;
  manifest: string;
  token: string;
}): string {
  return page(
    'Make the GitHub app',
    html`<p>GitHub shows what the app may do before anything is made: it reads container groups, and writes comments, checks,
        statuses and deployments.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="manifest" value="${manifest}">
        <button>Make the app on GitHub</button>
      </form>
      <form method="get">
        <input type="hidden" name="token" value="${token}">
        <label>For an organization: <input name="organization" pattern="[A-Za-z0-9_-]+" required placeholder="acme"></label>
        <button>Choose</button>
      </form>`,
  );
}

export function createdPage({ slug, url }: { slug: string; url: string }): string {
  return page(
    `${slug} is made`,
    html`<p>The bot has its keys and begins. What is left: choose the repositories that it is for.</p>
      <p><a href="${url}">Install ${slug}</a></p>`,
  );
}

export function refusedPage(reference = ''): string {
  return page(
    'Not from here',
    reference
      ? html`<p>GitHub did not hand over the app. Whoever runs the bot finds the reason in the log under ${reference}.</p>`
      : html`<p>The app is made with the address that stands in the bot’s log, once. Start the bot anew for a new one.</p>`,
  );
}
