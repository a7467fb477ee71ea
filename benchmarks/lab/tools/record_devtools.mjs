// Loads one page in headless Chromium with its developer tools open, and writes
// the HAR of their Network panel: PREFIX.devtools.har. The tools run in a tab of
// their own, as they do for remote debugging; the code behind their button
// "Export HAR (sanitized)" makes the file, bodies and all.
//
//   npm ci --prefix benchmarks/lab/tools
//   node benchmarks/lab/tools/record_devtools.mjs URL PREFIX
//
// It takes any certificate, and hosts under .example are this machine.
import {chromium} from 'playwright-core';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

const [url, prefix] = process.argv.slice(2);
if (!url || !prefix) {
  console.error('usage: node record_devtools.mjs URL PREFIX');
  process.exit(2);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const {port} = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

const port = await freePort();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--host-resolver-rules=MAP *.example 127.0.0.1',
    `--remote-debugging-port=${port}`,
    '--remote-allow-origins=devtools://devtools',
  ],
});
try {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: {width: 800, height: 600},
  });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const {targetInfo} = await session.send('Target.getTargetInfo');
  const tools = await (await browser.newContext()).newPage();
  await tools.goto(
    'devtools://devtools/bundled/devtools_app.html?panel=network&' +
    `ws=127.0.0.1:${port}/devtools/page/${targetInfo.targetId}`);
  await tools.waitForFunction(async () => {
    const {NetworkPanel} = await import('./panels/network/network.js');
    const {TargetManager} = await import('./core/sdk/sdk.js');
    return TargetManager.TargetManager.instance().primaryPageTarget() &&
      NetworkPanel.NetworkPanel.instance().networkLogView !== undefined;
  });
  await sleep(1000);  // until it listens

  await page.goto(url, {waitUntil: 'networkidle'});
  await sleep(1000);
  writeFileSync(`${prefix}.devtools.har`, await tools.evaluate(async () => {
    const {Writer} = await import('./models/har/har.js');
    const {NetworkPanel} = await import('./panels/network/network.js');
    const {Progress} = await import('./core/common/common.js');
    const view = NetworkPanel.NetworkPanel.instance().networkLogView;
    let text = '';
    await Writer.Writer.write(
      {write: async piece => { text += piece; }}, view.harRequests(),
      {sanitize: true}, new Progress.Progress());
    return text;
  }));
} finally {
  await browser.close();
}
