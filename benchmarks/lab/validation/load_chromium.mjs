// Loads one page once in a fresh headless Chromium and prints what happened, as
// one line of JSON:
//
//   node load_chromium.mjs URL SPKI PATHS
//
// URL is the document's, SPKI the hash of the certificate to accept, PATHS the
// number of other files that the page asks for. Times are milliseconds since
// the request of the document was sent. NODE_MODULES in the environment has
// playwright-core.
import {createRequire} from 'node:module';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {VIEWPORT} from './layout.mjs';
import {readNetLog} from './netlog.mjs';

const TIMEOUT_MS = 120000;

const require = createRequire(`${process.env.NODE_MODULES}/`);
const {chromium} = require('playwright-core');

// In the page. LCP's last candidate is the largest.
async function paints(count) {
  const resources = () => new Set(
    performance.getEntriesByType('resource').map(entry => entry.name)).size;
  while (document.readyState !== 'complete' || resources() < count) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  await new Promise(resolve => setTimeout(resolve, 300));
  const entries = type => new Promise(resolve => {
    const seen = [];
    new PerformanceObserver(list => seen.push(...list.getEntries()))
      .observe({type, buffered: true});
    setTimeout(() => resolve(seen), 100);
  });
  const [navigation] = performance.getEntriesByType('navigation');
  const sent = navigation.requestStart;
  const paint = (await entries('paint')).find(e => e.name === 'first-contentful-paint');
  const largest = (await entries('largest-contentful-paint')).at(-1);
  return {
    fcp: paint && paint.startTime - sent,
    lcp: largest && largest.startTime - sent,
    lcp_element: largest && (new URL(largest.url || location.href).pathname),
    lcp_area: largest?.size,
    connected: sent - navigation.connectStart,
  };
}

const [url, spki, count] = process.argv.slice(2);
if (!count) {
  console.error('usage: node load_chromium.mjs URL SPKI PATHS');
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'validation-'));
const netLog = join(scratch, 'netlog.json');
const browser = await chromium.launch({
  executablePath: fileURLToPath(new URL('chromium.sh', import.meta.url)),
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    `--ignore-certificate-errors-spki-list=${spki}`,
    `--log-net-log=${netLog}`,
  ],
});
let seen;
try {
  const page = await browser.newPage({viewport: VIEWPORT});
  await page.goto(url, {timeout: TIMEOUT_MS});
  seen = await Promise.race([
    page.evaluate(paints, Number(count)),
    new Promise((_, reject) => setTimeout(
      () => reject(new Error('the page never became complete')), TIMEOUT_MS).unref()),
  ]);
} finally {
  await browser.close();
}
const wire = readNetLog(JSON.parse(readFileSync(netLog, 'utf8')));
if (process.env.KEEP_NETLOG) console.error(netLog);
else rmSync(scratch, {recursive: true});
const round = ms => ms === undefined ? null : Math.round(ms * 10) / 10;
console.log(JSON.stringify({
  browser: browser.version(),
  fcp: round(seen.fcp), lcp: round(seen.lcp),
  lcp_element: seen.lcp_element ?? null, lcp_area: seen.lcp_area ?? null,
  connected: round(seen.connected),
  ...wire,
}));
