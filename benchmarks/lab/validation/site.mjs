// Makes a real site from a page file: HTML, style sheets, scripts, fonts and
// images of the page's sizes, each discovered as the page says.
//
//   node site.mjs FOLDER PAGE.json…
//
// writes each site's files into FOLDER/NAME and, as page.json beside them, the
// page as the site is:
// without redirects, which have no file; a resource of the HTML is discovered
// where its tag ends; a document and a script are no smaller than what they
// discover needs; the levels are those that Chromium gives to such tags. So the
// lab and a browser load the same page.
import {mkdirSync, readFileSync, realpathSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {contentOf} from './content.mjs';
import {Markup} from './markup.mjs';
import {BELOW, placeImages} from './layout.mjs';

// Pauses of a capture behind the document or a script up to these are the
// browser's own work, which the browser does again; longer ones become timers. The
// lab reads pages in the same way (benchmarks/lab/browser/blink.h).
const PARSER_PAUSE_MS = 150;
const SCRIPT_PAUSE_MS = 5;

const EXTENSIONS = {
  html: 'html', css: 'css', js: 'js', font: 'woff2', image: 'png', fetch: 'json',
};

// How each resource is loaded, by the facts of the page file. The level is what
// Chromium 156 gives to a request of that kind.
const LEVELS = {
  document: 'VeryHigh', frame: 'VeryHigh',
  stylesheet: 'VeryHigh', import: 'VeryHigh', lazyStyle: 'VeryHigh',
  lateStyle: 'Medium', printStyle: 'VeryLow',
  headScript: 'High', lateScript: 'Medium', asyncScript: 'Low',
  urgentScript: 'High', preloadScript: 'High', prefetch: 'VeryLow',
  font: 'VeryHigh', preloadFont: 'High',
  image: 'Low', urgentImage: 'High', preloadImage: 'Low', background: 'Low',
  fetch: 'High', lowFetch: 'Low',
};

function wayOf(resource, parent) {
  const {type, chrome_priority: level, preload, render_blocking: blocking} = resource;
  const ofDocument = parent?.way === 'document';
  switch (type) {
    case 'html':
      return parent ? 'frame' : 'document';
    case 'css':
      if (parent.type === 'css') return 'import';
      if (!ofDocument) return 'lazyStyle';
      if (level === 'VeryLow') return 'printStyle';
      if (level === 'Medium' || level === 'Low') return 'lateStyle';
      return blocking === 'render' ? 'stylesheet' : 'lazyStyle';
    case 'js':
      if (ofDocument && blocking === 'parser') return 'headScript';
      if (ofDocument && blocking === 'parser-late') return 'lateScript';
      if (level === 'VeryLow') return 'prefetch';
      if (level !== 'High' && level !== 'VeryHigh') return 'asyncScript';
      return ofDocument && preload ? 'preloadScript' : 'urgentScript';
    case 'font':
      return ofDocument && (preload || level === 'High') ? 'preloadFont' : 'font';
    case 'image':
      if (parent.type === 'css') return 'background';
      if (level === 'High') return 'urgentImage';
      return ofDocument && preload ? 'preloadImage' : 'image';
    case 'fetch':
      return level === 'Low' || level === 'VeryLow' ? 'lowFetch' : 'fetch';
    default:  // media, manifests, beacons: bytes that nothing waits for
      return 'lowFetch';
  }
}

// The resources without redirects: what a redirect discovers, its own
// initiator discovers after both pauses.
function withoutRedirects(page) {
  const byId = new Map(page.resources.map(r => [r.id, r]));
  const document = page.resources.find(r => r.type === 'html' && !r.redirect);
  return page.resources.filter(r => !r.redirect).map(resource => {
    if (resource.trigger) {
      throw new Error(`${page.page}: resource ${resource.id} has a trigger, ` +
                      'which no site can have');
    }
    let {initiator, discovered_at_byte: at, discovered} = resource;
    let delay = resource.discovery_delay_ms ?? 0;
    if (discovered === 'end') at = undefined;
    while (byId.get(initiator)?.redirect) {
      const via = byId.get(initiator);
      delay += via.discovery_delay_ms ?? 0;
      at = via.discovered === 'end' ? undefined : via.discovered_at_byte;
      initiator = via.initiator;
    }
    if (resource === document) return {...resource, initiator: null, delay: 0};
    if (initiator === null || initiator === undefined) {
      // Asked for beside the document in the capture: after it here.
      initiator = document.id;
      delay = Math.max(0, (resource.start_ms ?? 0) - (document.end_ms ?? 0));
      at = undefined;
    }
    return {...resource, initiator, at, delay};
  });
}

function plan(page) {
  const resources = withoutRedirects(page);
  const byId = new Map(resources.map(r => [r.id, r]));
  for (const r of resources) {
    r.parent = byId.get(r.initiator);
    // Only these can discover anything.
    while (r.parent && !['html', 'css', 'js'].includes(r.parent.type)) {
      r.parent = r.parent.parent;
    }
  }
  for (const r of resources) {  // parents come first in page files
    r.way = wayOf(r, r.parent);
    r.children = [];
    if (r.parent?.type === 'css' && !['import', 'font', 'background'].includes(r.way)) {
      r.parent = resources[0];
      r.way = wayOf(r, r.parent);
    }
    r.parent?.children.push(r);
    r.path = r.parent ? `r${r.id}.${EXTENSIONS[r.type] ?? 'bin'}` : 'index.html';
    r.view = Boolean(r.in_viewport) && r.type === 'image';
    const pause = r.parent?.type === 'html' ? PARSER_PAUSE_MS : SCRIPT_PAUSE_MS;
    const movable = ['asyncScript', 'urgentScript', 'prefetch', 'image', 'urgentImage',
                     'fetch', 'lowFetch', 'lazyStyle'].includes(r.way);
    r.timer = movable && r.delay >= pause ? Math.round(r.delay) : 0;
  }
  for (const r of resources) r.box = BELOW;
  placeImages(resources.filter(r => r.view));
  return resources;
}

// The page as it was made.
function pageAsMade(page, resources, files, markup) {
  const {offsets} = markup;
  const blocking = new Set(['document', 'stylesheet', 'headScript']);
  const critical = resources.filter(r => blocking.has(r.way)).map(r => r.id);
  return {
    format: page.format,
    page: page.page,
    resources: resources.map(r => {
      const made = {id: r.id, type: r.type, bytes: files.get(r.path).length};
      if (r.parent) {
        made.initiator = r.parent.id;
        made.discovered = offsets.has(r.id) ? 'stream' : 'end';
        if (offsets.has(r.id)) made.discovered_at_byte = offsets.get(r.id);
        made.discovery_delay_ms = r.timer;
      }
      made.render_blocking = {
        document: 'document', stylesheet: 'render', headScript: 'parser',
        lateScript: 'parser-late',
      }[r.way] ?? false;
      if (r.view) made.in_viewport = true;
      if (r.type === 'js' && !/^(head|late)Script$/.test(r.way)) made.async_or_defer = true;
      if (/^preload/.test(r.way) || r.way === 'lazyStyle') made.preload = true;
      made.chrome_priority = markup.levelOf(r) ?? LEVELS[r.way];
      const change = r.way === 'lateStyle' ? 'VeryHigh' : r.view ? 'High' : undefined;
      if (change && change !== made.chrome_priority) {
        made.change_of_mind = {level: change, delay_ms: 0, after: critical};
      }
      made.url = `/${r.parent ? r.path : ''}`;
      return made;
    }),
  };
}

// The site: {files: Map of path → Buffer, page: the page as made}.
export function makeSite(page) {
  const resources = plan(page);
  const files = new Map();
  const markup = new Markup(resources);
  for (const r of resources) {
    files.set(r.path, r.way === 'document' ? markup.bytes : contentOf(r));
  }
  return {files, page: pageAsMade(page, resources, files, markup)};
}

export function writeSite(site, folder) {
  for (const [path, bytes] of site.files) {
    mkdirSync(dirname(join(folder, path)), {recursive: true});
    writeFileSync(join(folder, path), bytes);
  }
  writeFileSync(join(folder, 'page.json'), JSON.stringify(site.page, null, 1) + '\n');
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder, ...pages] = process.argv.slice(2);
  if (pages.length === 0) {
    console.error('usage: node site.mjs FOLDER PAGE.json…');
    process.exit(2);
  }
  for (const file of pages) {
    const page = JSON.parse(readFileSync(file, 'utf8'));
    writeSite(makeSite(page), join(folder, page.page));
  }
}
