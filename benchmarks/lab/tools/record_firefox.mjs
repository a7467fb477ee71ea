// Loads one page in headless Firefox with its developer tools open, and writes the
// HAR of their Network panel: PREFIX.firefox.har.
//
//   node benchmarks/lab/tools/record_firefox.mjs URL PREFIX
//
// Drives Firefox by its own Marionette protocol, so it needs
// nothing but Firefox. It takes any certificate, and the URL's host is this
// machine. A setting of the exporter leaves out bodies.
import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const [url, prefix] = process.argv.slice(2);
if (!url || !prefix) {
  console.error('usage: node record_firefox.mjs URL PREFIX');
  process.exit(2);
}

const settings = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'devtools.netmonitor.har.includeResponseBodies': false,
  'devtools.toolbox.host': 'window',  // leaves the page its viewport
  'devtools.toolbox.selectedTool': 'netmonitor',
  'marionette.port': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.localDomains': new URL(url).hostname,
  'network.http.http3.enable': false,
};

// One connection: "LENGTH:[0, id, command, arguments]" there,
// "LENGTH:[1, id, error, result]" back; one command at a time.
class Marionette {
  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.id = 0;
    socket.on('data', data => {
      this.bytes = Buffer.concat([this.bytes, data]);
      this.wake?.();
    });
    socket.on('error', () => {});  // it ends with the browser
  }

  async receive() {
    for (;;) {
      const colon = this.bytes.indexOf(':');
      const end = colon + 1 + Number(this.bytes.subarray(0, Math.max(colon, 0)));
      if (colon > 0 && this.bytes.length >= end) {
        const text = this.bytes.subarray(colon + 1, end).toString();
        this.bytes = this.bytes.subarray(end);
        return JSON.parse(text);
      }
      await new Promise(resolve => this.wake = resolve);
    }
  }

  async call(command, parameters = {}) {
    const text = JSON.stringify([0, ++this.id, command, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , error, result] = await this.receive();
    if (error) throw new Error(`${command}: ${error.error} ${error.message}`);
    return result;
  }

  // The body of an async function, run in the browser's own window.
  async inBrowser(body) {
    const script = `const done = arguments[arguments.length - 1];
      (async () => {${body}})().then(
        value => done({value}), error => done({error: String(error)}));`;
    const {value} = await this.call(
      'WebDriver:ExecuteAsyncScript', {script, args: [], newSandbox: false});
    if (value.error) throw new Error(value.error);
    return value.value;
  }
}

async function port(profile) {
  for (let i = 0; i < 300; ++i) {
    try {
      const text = readFileSync(join(profile, 'MarionetteActivePort'), 'utf8');
      if (text !== '') return Number(text);
    } catch {}  // not yet
    await sleep(100);
  }
  throw new Error('Firefox did not start');
}

const profile = mkdtempSync(join(tmpdir(), 'record-firefox-'));
writeFileSync(
  join(profile, 'user.js'),
  Object.entries(settings)
    .map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
    .join(''));
const browser = spawn(
  process.env.FIREFOX ?? 'firefox-esr',
  ['--headless', '--no-remote', '--marionette', '--remote-allow-system-access',
   '--profile', profile],
  {stdio: 'ignore'});
try {
  const socket = connect(await port(profile), '127.0.0.1');
  const marionette = new Marionette(socket);
  await marionette.receive();  // its greeting
  await marionette.call('WebDriver:NewSession', {acceptInsecureCerts: true});
  await marionette.call('WebDriver:SetTimeouts', {script: 60000});
  await marionette.call(
    'WebDriver:SetWindowRect', {width: 800, height: 700, x: 0, y: 0});
  await marionette.call('Marionette:SetContext', {value: 'chrome'});
  const loadTools = `
    const {require} = ChromeUtils.importESModule(
      "resource://devtools/shared/loader/Loader.sys.mjs");
    const {gDevTools} = require("devtools/client/framework/devtools");`;
  await marionette.inBrowser(`${loadTools}
    await gDevTools.showToolboxForTab(
      gBrowser.selectedTab, {toolId: "netmonitor"});`);
  await marionette.call('Marionette:SetContext', {value: 'content'});
  await marionette.call('WebDriver:Navigate', {url});
  await sleep(4000);  // what scripts ask for after the load
  await marionette.call('Marionette:SetContext', {value: 'chrome'});
  const har = await marionette.inBrowser(`${loadTools}
    const toolbox = gDevTools.getToolboxForTab(gBrowser.selectedTab);
    const monitor = await toolbox.getNetMonitorAPI();
    return JSON.stringify(await monitor.getHar());`);
  writeFileSync(`${prefix}.firefox.har`, har + '\n');
  await marionette.call('Marionette:Quit', {flags: ['eForceQuit']});
  socket.destroy();
} finally {
  browser.kill();
  await new Promise(
    resolve => browser.exitCode === null ? browser.on('exit', resolve)
                                         : resolve());
  rmSync(profile, {recursive: true, force: true});
}
