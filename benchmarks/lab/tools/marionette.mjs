// Headless Firefox with a fresh profile, driven by its own Marionette protocol:
// nothing but Firefox is needed.
import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const SETTINGS = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'marionette.port': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
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

  // The body of an async function, run in the browser's own window or, in the
  // context "content", in the page.
  async run(body) {
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

// Starts `program` with more settings, calls `work` with a Marionette that takes
// any certificate, ends the browser.
export async function withFirefox(program, settings, work) {
  const profile = mkdtempSync(join(tmpdir(), 'marionette-'));
  writeFileSync(
    join(profile, 'user.js'),
    Object.entries({...SETTINGS, ...settings})
      .map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
      .join(''));
  const browser = spawn(
    program,
    ['--headless', '--no-remote', '--marionette', '--remote-allow-system-access',
     '--profile', profile],
    {stdio: 'ignore', detached: true});
  try {
    const socket = connect(await port(profile), '127.0.0.1');
    const marionette = new Marionette(socket);
    await marionette.receive();  // its greeting
    await marionette.call('WebDriver:NewSession', {acceptInsecureCerts: true});
    await marionette.call('WebDriver:SetTimeouts', {script: 120000});
    const result = await work(marionette);
    await marionette.call('Marionette:SetContext', {value: 'chrome'});
    await marionette.call('Marionette:Quit', {flags: ['eForceQuit']});
    socket.destroy();
    return result;
  } finally {
    browser.kill();
    await new Promise(
      resolve => browser.exitCode === null && browser.signalCode === null
        ? browser.on('exit', resolve) : resolve());
    rmSync(profile, {recursive: true, force: true});
  }
}
