// The document: each tag ends where the page says that it is discovered.
import {BELOW} from './layout.mjs';
import {styleFor, statementFor} from './content.mjs';

// For scripts, which may run before there is a body: the request goes at once,
// the element comes when it can.
const FUNCTIONS = `<script>
const at=(e)=>document.body?document.body.append(e):addEventListener('DOMContentLoaded',()=>document.body.append(e));
const js=(u,h)=>{const e=document.createElement('script');if(h)e.fetchPriority='high';e.src=u;document.head.append(e)};
const li=(u,r)=>{const e=document.createElement('link');e.rel=r;e.as='script';e.href=u;document.head.append(e)};
const im=(u,h,b)=>{const e=new Image();if(h)e.fetchPriority='high';e.style.cssText='position:absolute;left:'+b[0]+'px;top:'+b[1]+'px;width:'+b[2]+'px;height:'+b[3]+'px';e.src=u;at(e)};
const fr=(u)=>{const e=document.createElement('iframe');e.src=u;at(e)};
</script>`.replaceAll('\n', '');

function boxStyle({left, top, width, height}) {
  return `position:absolute;left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
}

function imageTag(r) {
  return `<img src="${r.path}" width="${r.box.width}" height="${r.box.height}" ` +
    `style="${boxStyle(r.box)}"${r.way === 'urgentImage' ? ' fetchpriority="high"' : ''}>`;
}

function urgentScriptTag(r) {
  return `<script async fetchpriority="high" src="${r.path}"></script>`;
}

// The tag of a resource of the document, and whether it belongs in the head or
// in the body; nothing: wherever the document is at that moment.
function tagOf(r) {
  if (r.timer > 0) return {tag: `<script>${statementFor(r)}</script>`};
  switch (r.way) {
    case 'stylesheet':
      return {tag: `<link rel="stylesheet" href="${r.path}">`, part: 'head'};
    case 'lazyStyle':
      return {tag: `<link rel="preload" as="style" href="${r.path}" ` +
                   'onload="this.onload=null;this.rel=\'stylesheet\'">', part: 'head'};
    case 'printStyle':
      return {tag: `<link rel="stylesheet" href="${r.path}" media="print" ` +
                   'onload="this.media=\'all\'">'};
    case 'lateStyle':
      return {tag: `<link rel="stylesheet" href="${r.path}">`, part: 'body'};
    case 'headScript':
      return {tag: `<script src="${r.path}"></script>`, part: 'head'};
    case 'lateScript':
      return {tag: `<script src="${r.path}"></script>`, part: 'body'};
    case 'asyncScript':
      return {tag: `<script async src="${r.path}"></script>`};
    case 'urgentScript':
      return {tag: urgentScriptTag(r)};
    case 'preloadScript':
      return {tag: `<link rel="preload" as="script" href="${r.path}">` +
                   (r.children.length > 0 ? `<script async src="${r.path}"></script>` : '')};
    case 'prefetch':
      return {tag: `<link rel="prefetch" as="script" href="${r.path}">`};
    case 'preloadFont':
      return {tag: `<link rel="preload" as="font" href="${r.path}" crossorigin>` +
                   `<style>${styleFor(r)}</style>`};
    case 'font':
      return {tag: `<style>${styleFor(r)}</style>`};
    case 'preloadImage':
      return {tag: `<link rel="preload" as="image" href="${r.path}">`};
    case 'image':
    case 'urgentImage':
      return {tag: imageTag(r), part: 'body'};
    case 'frame':
      return {tag: `<iframe src="${r.path}" style="${boxStyle(BELOW)}"></iframe>`, part: 'body'};
    default:
      return {tag: `<script>${statementFor(r)}</script>`};
  }
}

// The elements that fonts and backgrounds of any style sheet are for.
function bodyBegin(resources) {
  const texts = resources.filter(r => r.type === 'font').map(
    r => `<b id="t${r.id}">${r.id}</b> `);
  const boxes = resources.filter(r => r.way === 'background').map(
    r => `<div id="b${r.id}" style="${boxStyle(r.box)}"></div>`);
  return '<body style="margin:0"><h1 style="font:24px sans-serif;margin:4px">A page</h1>' +
    `<p style="font-size:9px;margin:0">${texts.join('')}</p>${boxes.join('')}`;
}

export class Markup {
  // `resources`: the document first. Sets `bytes`, and `offsets`: for each
  // resource of the document the number of bytes at which its tag is whole.
  constructor(resources) {
    this.offsets = new Map();
    this.afterImage = new Set();
    this.text = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>' +
      '<link rel="icon" href="data:,">';
    const [document] = resources;
    if (resources.some(r => r.children.length > 0 && r.type === 'js' || r.timer > 0 ||
                            r.type === 'fetch')) {
      this.text += FUNCTIONS;
    }
    const begin = bodyBegin(resources);
    const end = '</body></html>';
    const items = this.order(document);
    // Bytes that tags to be found at the end take.
    const tail = items.filter(i => i.at === undefined)
      .reduce((sum, i) => sum + i.tag.length, 0) + end.length;
    let inBody = false;
    for (const item of items) {
      const enters = item.part === 'body' && !inBody;
      const stillBegin = !inBody && (enters || item.at === undefined) ? begin.length : 0;
      const until = item.at === undefined ? document.bytes - tail - stillBegin
                                          : item.at - item.tag.length - (enters ? begin.length : 0);
      if (!this.filled || item.at !== undefined) this.fillUntil(until);
      if (item.at === undefined) this.filled = true;
      if (enters) this.text += begin;
      inBody ||= enters;
      this.text += item.tag;
      this.offsets.set(item.resource.id, this.text.length);
    }
    if (!inBody) {
      if (!this.filled) this.fillUntil(document.bytes - begin.length - end.length);
      this.text += begin;
    }
    this.fillUntil(document.bytes - end.length);
    this.text += end;
    this.bytes = Buffer.from(this.text.padEnd(document.bytes));
  }

  // By place in the document, then as the page lists them; the head's before
  // the first of the body. A preload behind an image would be less urgent.
  order(document) {
    const items = document.children.map(resource => ({
      resource, at: resource.at, ...tagOf(resource),
    }));
    const place = item => item.at ?? Infinity;
    items.sort((a, b) => place(a) === place(b) ? 0 : place(a) - place(b));
    const first = items.findIndex(item => item.part === 'body');
    if (first < 0) return items;
    const late = items.slice(first).filter(item => item.part === 'head');
    for (const item of late) item.at = items[first].at;
    const ordered = [...items.slice(0, first), ...late,
                     ...items.slice(first).filter(item => item.part !== 'head')];
    const image = ordered.findIndex(item => item.tag.startsWith('<img'));
    for (const item of image < 0 ? [] : ordered.slice(image)) {
      this.afterImage.add(item.resource);
      if (item.resource.way === 'preloadScript') item.tag = urgentScriptTag(item.resource);
    }
    return ordered;
  }

  // The level of a tag whose level depends on its place, as the levels of Chromium
  // do behind the first image.
  levelOf(resource) {
    if (resource.way === 'lateScript') return this.afterImage.has(resource) ? 'Medium' : 'High';
    if (resource.way === 'lateStyle') return this.afterImage.has(resource) ? 'Medium' : 'VeryHigh';
    return undefined;
  }

  fillUntil(size) {
    const room = size - this.text.length - 7;
    if (room >= 0) this.text += `<!--${'.'.repeat(room)}-->`;
  }
}
