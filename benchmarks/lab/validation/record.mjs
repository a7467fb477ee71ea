// Loads pages in a real browser over a slow link and keeps what happened:
//
//   ./bazelw run //benchmarks/lab/validation:record -- --recordings=FILE
//
// The plan (plan.json) names pages, networks, policies and the number of loads of
// each cell; --pages, --networks, --policies, --loads and --plan choose others. A
// round has one load of each cell, so that a noisy minute meets all of them. A load
// in which the link was later than --most_late_ms is made again. FILE says how the
// loads were made, and has one line for each; a load that it has already is not
// made again. Needs root (network namespaces, priority).
import {X509Certificate, createHash} from 'node:crypto';
import {execFileSync, spawn} from 'node:child_process';
import {
  appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs';
import {loadavg, release, tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {makeSite, writeSite} from './site.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PORT = 8443;
const ADDRESS = '192.0.2.1';
const ATTEMPTS = 4;
const LEVELS = ['VeryHigh', 'High', 'Medium', 'Low', 'VeryLow'];

// The lab's rates are those of TCP's payload; a packet of 1,500 bytes has 1,448.
const linkRate = kbit => `${Math.round(kbit * 1500 / 1448)}kbit`;

function options() {
  const {values} = parseArgs({options: {
    plan: {type: 'string', default: join(HERE, 'plan.json')},
    recordings: {type: 'string', default: 'recordings.jsonl'},
    pages: {type: 'string'}, networks: {type: 'string'}, policies: {type: 'string'},
    browser: {type: 'string', default: 'chromium'},
    loads: {type: 'string'}, parallel: {type: 'string', default: '2'},
    most_late_ms: {type: 'string', default: '20'},
    page_folder: {type: 'string', default: join(HERE, '../pages')},
    server: {type: 'string'}, link: {type: 'string'},
  }});
  const here = process.env.BUILD_WORKING_DIRECTORY ?? '.';
  const plan = JSON.parse(readFileSync(resolve(here, values.plan), 'utf8'));
  const chosen = (list, all, nameOf = x => x) => {
    if (list === undefined) return all;
    return list.split(',').map(name => {
      const found = all.find(x => nameOf(x) === name);
      if (!found) fail(`'${name}' is not in the plan; it has ${all.map(nameOf).join(', ')}`);
      return found;
    });
  };
  return {
    ...values,
    plan,
    recordings: resolve(here, values.recordings),
    pages: chosen(values.pages, [...plan.teach, ...plan.test]),
    networks: chosen(values.networks, plan.networks, n => n.name),
    policies: chosen(values.policies, plan.policies),
    loads: count('--loads', values.loads ?? plan.loads),
    parallel: count('--parallel', values.parallel),
    most_late_ms: count('--most_late_ms', values.most_late_ms),
  };
}

function count(flag, text) {
  const number = Number(text);
  if (!(Number.isInteger(number) && number > 0)) {
    fail(`${flag} is '${text}'; it must be a whole number above 0`);
  }
  return number;
}

function fail(sentence) {
  console.error(`record: ${sentence}`);
  process.exit(2);
}

const keyOf = ({browser, page, site, network, policy, load}) =>
  [browser, page, site, network, policy, load].join(' ');

function makeSites(pages, pageFolder, scratch) {
  const sites = new Map();
  for (const name of pages) {
    const file = join(pageFolder, `${name}.json`);
    if (!existsSync(file)) fail(`there is no page ${file}`);
    const site = makeSite(JSON.parse(readFileSync(file, 'utf8')));
    const folder = join(scratch, name);
    writeSite(site, folder);
    sites.set(name, {
      folder, page: site.page,
      hash: createHash('sha256').update(JSON.stringify(site.page)).digest('hex').slice(0, 12),
    });
  }
  return sites;
}

function makeCertificate(scratch) {
  const [cert, key] = [join(scratch, 'cert.pem'), join(scratch, 'key.pem')];
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '7', '-subj', '/CN=validation.example', '-keyout', key, '-out', cert,
  ], {stdio: 'ignore'});
  const spki = new X509Certificate(readFileSync(cert)).publicKey
    .export({type: 'spki', format: 'der'});
  return {cert, key, spki: createHash('sha256').update(spki).digest('base64')};
}

// Runs a program; its standard output.
function output(words) {
  return new Promise((done, broken) => {
    const child = spawn(words[0], words.slice(1), {
      detached: true, stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', data => { text += data; });
    child.on('error', broken);
    child.on('close', code => code === 0
      ? done(text) : broken(new Error(`${words[0]} ended with ${code}`)));
  });
}

// The first line of the recordings: what all loads have in common.
function aboutOf(plan) {
  return {kernel: release(), congestion: plan.congestion, low_water_mark: plan.low_water_mark,
          max_frame_size: plan.max_frame_size};
}

// The line of a load. Arrays are in the page's order; times are milliseconds since
// the request of the document.
function lineOf(cell, site, seen, link) {
  const ids = new Map(site.page.resources.map(r => [r.url, r.id]));
  const requests = new Map(seen.requests.map(r => [ids.get(r[0]), r]));
  const column = i => site.page.resources.map(r => requests.get(r.id)?.[i] ?? null);
  return {
    ...cell,
    version: seen.browser,
    fcp: seen.fcp, lcp: seen.lcp, lcp_resource: ids.get(seen.lcp_element) ?? null,
    connected: seen.connected,
    sent: column(1), done: column(2),
    ...(column(3)[0] && {  // where the browser tells
      levels: column(3).map(level => LEVELS.indexOf(level)).join(''),
      raises: seen.raises.map(([path, at, level]) => [ids.get(path), at, LEVELS.indexOf(level)]),
    }),
    ...(column(4)[0] && cell.load === 1 && {priorities: column(4).join(';')}),
    queue: [link.down.mean_queued_bytes, link.down.most_queued_bytes, link.down.dropped_packets],
    late: Math.round(link.most_late_ms * 10) / 10,
    machine_load: Math.round(loadavg()[0] * 10) / 10,
  };
}

async function load(cell, network, site, certificate, choice, scratch) {
  const {plan} = choice;
  const report = join(scratch, `${keyOf(cell).replaceAll(' ', '_')}.json`);
  const text = await output([
    join(HERE, 'before_others.sh'), choice.link,
    `--down=${linkRate(network.down_kbit)}`, `--up=${linkRate(network.up_kbit)}`,
    `--rtt=${network.round_trip_ms}ms`, `--queue=${network.queue_bytes}`,
    `--congestion=${plan.congestion}`, `--report=${report}`,
    '--', choice.server, `--root=${site.folder}`, `--bind=${ADDRESS}`, `--port=${PORT}`,
    `--policy=${cell.policy}`, `--notsent_lowat=${plan.low_water_mark}`,
    `--max_frame_size=${plan.max_frame_size}`, '--noaccess_log',
    `--tls_cert=${certificate.cert}`, `--tls_key=${certificate.key}`,
    '--', process.execPath, join(HERE, `load_${cell.browser}.mjs`),
    `https://${ADDRESS}:${PORT}/`, certificate.spki, String(site.page.resources.length - 1),
  ]);
  const link = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report);
  if (link.most_late_ms > choice.most_late_ms) {  // it did not keep its times
    throw new Error(`the link was ${Math.round(link.most_late_ms)} ms late`);
  }
  return lineOf(cell, site, JSON.parse(text), link);
}

// The keys of the loads that the file has. A new file gets its first line.
function loadsThere({recordings, plan}) {
  const about = JSON.stringify(aboutOf(plan));
  if (!existsSync(recordings)) writeFileSync(recordings, about + '\n');
  const [first, ...lines] = readFileSync(recordings, 'utf8').trim().split('\n');
  if (first !== about) fail(`${recordings} has loads made with ${first}; now it is ${about}`);
  return new Set(lines.map(line => keyOf(JSON.parse(line))));
}

// Round by round, the loads that the file does not have: [cell, network].
function cellsToLoad(choice, sites) {
  const there = loadsThere(choice);
  const cells = [];
  for (let number = 1; number <= choice.loads; ++number) {
    for (const page of choice.pages) {
      for (const network of choice.networks) {
        for (const policy of choice.policies) {
          const cell = {browser: choice.browser, page, site: sites.get(page).hash,
                        network: network.name, policy, load: number};
          if (!there.has(keyOf(cell))) cells.push([cell, network]);
        }
      }
    }
  }
  return cells;
}

// Makes all loads; the number of those that failed.
async function loadAll(choice, scratch) {
  const sites = makeSites(choice.pages, choice.page_folder, scratch);
  const certificate = makeCertificate(scratch);
  const cells = cellsToLoad(choice, sites);
  let begun = 0, failed = 0;
  const work = async () => {
    while (begun < cells.length) {
      const number = ++begun;
      const [cell, network] = cells[number - 1];
      const name = `${number}/${cells.length} ${keyOf(cell)}`;
      for (let attempt = 1; ; ++attempt) {
        try {
          const line = await load(cell, network, sites.get(cell.page), certificate, choice,
                                  scratch);
          appendFileSync(choice.recordings, JSON.stringify(line) + '\n');
          console.error(`${name}: FCP ${line.fcp} ms, LCP ${line.lcp} ms`);
          break;
        } catch (error) {
          console.error(`${name}: ${error.message}`);
          if (attempt === ATTEMPTS) { ++failed; break; }
        }
      }
    }
  };
  await Promise.all(Array.from({length: choice.parallel}, work));
  return failed;
}

async function main() {
  const choice = options();
  const scratch = mkdtempSync(join(tmpdir(), 'validation-'));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      rmSync(scratch, {recursive: true});
      process.exit(130);
    });
  }
  try {
    return await loadAll(choice, scratch) === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, {recursive: true});
  }
}

process.exitCode = await main();
