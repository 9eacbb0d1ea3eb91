/** A small browser: it keeps cookies, follows redirects by hand, and clicks links of a page. It runs no script. */

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Every address on the way to it, the page's own last. */
  readonly way: readonly string[];
}

export interface Browser {
  open(url: string): Promise<Page>;
  /** Follows the link with these words. */
  click(page: Page, words: string): Promise<Page>;
  /** Somebody is signed in at a site: a cookie of its own. */
  signIn(site: string, name: string, value: string): void;
  /** Where a step leads, without going there: for whoever would hand it on. */
  leads(url: string): Promise<string>;
}

const MOST_REDIRECTS = 10;

export function openBrowser(): Browser {
  const jar = new Map<string, Map<string, string>>();
  const cookiesOf = (url: string) => {
    const { hostname } = new URL(url);
    const own = jar.get(hostname) ?? new Map<string, string>();
    jar.set(hostname, own);
    return own;
  };
  const get = async (url: string) => {
    const cookies = [...cookiesOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: cookies ? { cookie: cookies } : {} });
    for (const line of response.headers.getSetCookie()) keep(cookiesOf(url), line, url);
    return response;
  };
  const open = async (url: string, way: readonly string[] = []): Promise<Page> => {
    if (way.length > MOST_REDIRECTS) throw new Error(`too many redirects: ${way.join(' ')}`);
    const response = await get(url);
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location)
      return open(new URL(location, url).href, [...way, url]);
    const { status, headers } = response;
    return { url, status, headers, text: await response.text(), way: [...way, url] };
  };
  return {
    open: (url) => open(url),
    click: (page, words) => open(linkIn(page, words)),
    signIn: (site, name, value) => void cookiesOf(site).set(name, value),
    async leads(url) {
      const response = await get(url);
      return new URL(response.headers.get('location') ?? '', url).href;
    },
  };
}

/** The address behind a link. */
export function linkIn(page: Page, words: string): string {
  const links = [...page.text.matchAll(/<a [^>]*href="([^"]*)"[^>]*>([^<]*)<\/a>/g)];
  const [, href] = links.find(([, , text]) => text === words) ?? [];
  if (href === undefined) throw new Error(`no link "${words}" in: ${page.text}`);
  return new URL(href.replaceAll('&amp;', '&'), page.url).href;
}

/** Host prefix and Secure are kept to as a browser keeps to them. */
function keep(cookies: Map<string, string>, line: string, url: string): void {
  const [pair = '', ...attributes] = line.split(/;\s*/);
  const at = pair.indexOf('=');
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  const has = (wanted: string) => attributes.some((each) => each.toLowerCase() === wanted);
  if (has('secure') && !url.startsWith('https:')) return;
  if (name.startsWith('__Host-') && !(has('secure') && has('path=/'))) return;
  if (has('max-age=0')) cookies.delete(name);
  else cookies.set(name, value);
}
