// Loads one page once in a fresh headless Firefox and prints what happened, as
// load_chromium.mjs does. Firefox has no network log: times are those of its
// resource timing, and levels are not told.
//
//   node load_firefox.mjs URL SPKI PATHS
import {fileURLToPath} from 'node:url';
import {withFirefox} from '../tools/marionette.mjs';
import {paints} from './in_page.mjs';
import {VIEWPORT} from './layout.mjs';

const [url, , count] = process.argv.slice(2);
if (!count) {
  console.error('usage: node load_firefox.mjs URL SPKI PATHS');
  process.exit(2);
}
const program = fileURLToPath(new URL('firefox.sh', import.meta.url));
const {timings, ...seen} = await withFirefox(program, {}, async marionette => {
  const rect = {width: VIEWPORT.width, height: VIEWPORT.height, x: 0, y: 0};
  await marionette.call('WebDriver:SetWindowRect', rect);
  const inner = await marionette.run('return [innerWidth, innerHeight];');
  await marionette.call('WebDriver:SetWindowRect', {
    ...rect, width: 2 * rect.width - inner[0], height: 2 * rect.height - inner[1]});
  await marionette.call('WebDriver:Navigate', {url});
  return {
    ...await marionette.run(`${paints}; return await paints(${count});`),
    browser: await marionette.run('return navigator.userAgent.split("/").at(-1);'),
  };
});
console.log(JSON.stringify({
  ...seen,
  requests: timings.map(([path, sent, done]) => [path, Math.round(sent), Math.round(done)]),
  raises: [],
}));
