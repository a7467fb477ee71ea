// Loads one page in headless Firefox with its developer tools open, and writes the
// HAR of their Network panel: PREFIX.firefox.har.
//
//   node benchmarks/lab/tools/record_firefox.mjs URL PREFIX
//
// It takes any certificate, and a host that is no address is this machine. A
// setting of the exporter leaves out bodies.
import {writeFileSync} from 'node:fs';
import {isIP} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {withFirefox} from './marionette.mjs';

const [url, prefix] = process.argv.slice(2);
if (!url || !prefix) {
  console.error('usage: node record_firefox.mjs URL PREFIX');
  process.exit(2);
}

const {hostname} = new URL(url);
const settings = {
  'devtools.netmonitor.har.includeResponseBodies': false,
  'devtools.toolbox.host': 'window',  // leaves the page its viewport
  'devtools.toolbox.selectedTool': 'netmonitor',
  'network.dns.localDomains': isIP(hostname) ? '' : hostname,
};
const loadTools = `
  const {require} = ChromeUtils.importESModule(
    "resource://devtools/shared/loader/Loader.sys.mjs");
  const {gDevTools} = require("devtools/client/framework/devtools");`;

await withFirefox(process.env.FIREFOX ?? 'firefox-esr', settings, async marionette => {
  await marionette.call(
    'WebDriver:SetWindowRect', {width: 800, height: 700, x: 0, y: 0});
  await marionette.call('Marionette:SetContext', {value: 'chrome'});
  await marionette.run(`${loadTools}
    await gDevTools.showToolboxForTab(
      gBrowser.selectedTab, {toolId: "netmonitor"});`);
  await marionette.call('Marionette:SetContext', {value: 'content'});
  await marionette.call('WebDriver:Navigate', {url});
  await sleep(4000);  // what scripts ask for after the load
  await marionette.call('Marionette:SetContext', {value: 'chrome'});
  const har = await marionette.run(`${loadTools}
    const toolbox = gDevTools.getToolboxForTab(gBrowser.selectedTab);
    const monitor = await toolbox.getNetMonitorAPI();
    return JSON.stringify(await monitor.getHar());`);
  writeFileSync(`${prefix}.firefox.har`, har + '\n');
});
