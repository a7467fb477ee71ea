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
import {paints} from './in_page.mjs';
import {VIEWPORT} from './layout.mjs';
import {readNetLog} from './netlog.mjs';

const TIMEOUT_MS = 120000;

const require = createRequire(`${process.env.NODE_MODULES}/`);
const {chromium} = require('playwright-core');

const [url, spki, count] = process.argv.slice(2);
if (!count) {
  console.error('usage: node load_chromium.mjs URL SPKI PATHS');
  process.exit(2);
}

async function load(netLog) {
  const browser = await chromium.launch({
    executablePath: fileURLToPath(new URL('chromium.sh', import.meta.url)),
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      `--ignore-certificate-errors-spki-list=${spki}`,
      `--log-net-log=${netLog}`,
    ],
  });
  try {
    const page = await browser.newPage({viewport: VIEWPORT});
    await page.goto(url, {timeout: TIMEOUT_MS});
    const seen = await Promise.race([
      page.evaluate(paints, Number(count)),
      new Promise((_, reject) => setTimeout(
        () => reject(new Error('the page never became complete')), TIMEOUT_MS).unref()),
    ]);
    return {browser: browser.version(), ...seen};
  } finally {
    await browser.close();  // writes the network log to its end
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'validation-'));
try {
  const netLog = join(scratch, 'netlog.json');
  const {timings, ...seen} = await load(netLog);  // the network log has better ones
  const wire = readNetLog(JSON.parse(readFileSync(netLog, 'utf8')));
  console.log(JSON.stringify({...seen, ...wire}));
} finally {
  rmSync(scratch, {recursive: true});
}
