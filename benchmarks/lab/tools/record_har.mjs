// Loads one page in headless Chromium and writes two HAR files of that load:
// PREFIX.chrome-har.har, made of DevTools protocol events by chrome-har (the
// recorder of sitespeed.io), and PREFIX.playwright.har, by Playwright.
//
//   npm ci --prefix benchmarks/lab/tools
//   node benchmarks/lab/tools/record_har.mjs [--3g] URL PREFIX
//
// --3g: the browser limits itself to 1.6 Mbit/s and 150 ms. It takes any
// certificate, and hosts under .example are this machine.
import {chromium} from 'playwright-core';
import {harFromMessages} from 'chrome-har';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const words = process.argv.slice(2);
const slow = words[0] === '--3g';
const [url, prefix] = slow ? words.slice(1) : words;
if (!url || !prefix) {
  console.error('usage: node record_har.mjs [--3g] URL PREFIX');
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'record-har-'));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--host-resolver-rules=MAP *.example 127.0.0.1',
  ],
});
try {
  const playwrightHar = join(scratch, 'playwright.har');
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: {width: 800, height: 600},
    recordHar: {path: playwrightHar, content: 'omit', mode: 'full'},
  });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const messages = [];
  const methods = [
    'Page.frameStartedLoading', 'Page.frameRequestedNavigation',
    'Page.navigatedWithinDocument', 'Page.frameAttached',
    'Page.loadEventFired', 'Page.domContentEventFired',
    'Page.frameScheduledNavigation', 'Network.requestWillBeSent',
    'Network.requestServedFromCache', 'Network.requestWillBeSentExtraInfo',
    'Network.responseReceivedExtraInfo', 'Network.responseReceived',
    'Network.dataReceived', 'Network.loadingFinished', 'Network.loadingFailed',
    'Network.resourceChangedPriority',
  ];
  for (const method of methods) {
    session.on(method, params => messages.push({method, params}));
  }
  await session.send('Page.enable');
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', {cacheDisabled: true});
  if (slow) {
    await session.send('Network.emulateNetworkConditions', {
      offline: false, latency: 150, downloadThroughput: 200000,
      uploadThroughput: 96000,
    });
  }
  await page.goto(url, {waitUntil: 'networkidle'});
  await context.close();

  // Private to the machine, and no part of a page.
  const clean = har => {
    for (const entry of har.log.entries) {
      delete entry.serverIPAddress;
      delete entry._serverPort;
      delete entry._securityDetails;
    }
    return JSON.stringify(har) + '\n';
  };
  writeFileSync(`${prefix}.chrome-har.har`, clean(harFromMessages(messages)));
  writeFileSync(
    `${prefix}.playwright.har`,
    clean(JSON.parse(readFileSync(playwrightHar, 'utf8'))));
} finally {
  await browser.close();
  rmSync(scratch, {recursive: true});
}
