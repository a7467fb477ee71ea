// Makes a small site of html, css, js, fonts and images, the same bytes every
// time, for recordings: node make_site.mjs FOLDER. It has by hand what no page file
// says (frames, @import, media, data: URLs); ../validation/site.mjs makes sites from
// page files.
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {noise} from '../validation/content.mjs';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node make_site.mjs FOLDER');
  process.exit(2);
}

function filler(size, comment) {
  const line = `${comment[0]} filler, so that the file has its size ${comment[1]}\n`;
  return line.repeat(Math.ceil(size / line.length));
}

// A drawing of any size.
function drawing(color, size) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">` +
    `<rect width="300" height="200" fill="${color}"/>` +
    `<!--${'.'.repeat(size)}--></svg>`;
}

const paragraphs = Array.from(
  {length: 60},
  (_, i) => `<p>Paragraph ${i}: a page long enough to arrive in pieces, ` +
    'as pages on a slow link do.</p>').join('\n');
const images = Array.from({length: 12}, (_, i) =>
  `<p><img src="img/photo${i}.svg" width="300" height="200"></p>`).join('\n');

mkdirSync(join(folder, 'img'), {recursive: true});
const files = {
  'index.html': `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A recorded page</title>
<link rel="stylesheet" href="main.css">
<link rel="stylesheet" href="print.css" media="print">
<link rel="preload" href="text.woff2" as="font" type="font/woff2" crossorigin>
<link rel="icon" href="img/icon.svg">
<script src="head.js"></script>
<script src="analytics.js" async></script>
<script src="later.js" defer></script>
</head><body>
<h1>A recorded page</h1>
<img src="img/hero.svg" width="600" height="300">
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
${paragraphs}
${images}
<iframe src="frame.html" width="300" height="100"></iframe>
<script src="end.js"></script>
</body></html>
`,
  'frame.html': '<!doctype html><title>Frame</title>' +
    '<link rel="stylesheet" href="frame.css"><p>In a frame</p>',
  'frame.css': filler(2000, ['/*', '*/']),
  'main.css': '@import "colors.css";\n' +
    '@font-face{font-family:T;src:url(text.woff2)}\n' +
    '@font-face{font-family:H;src:url(head.woff2)}\n' +
    'body{font-family:T,serif}h1{font-family:H;' +
    'background:url(img/back.svg)}\n' + filler(12000, ['/*', '*/']),
  'colors.css': 'p{color:#333}\n' + filler(3000, ['/*', '*/']),
  'print.css': filler(4000, ['/*', '*/']),
  'head.js': 'window.began=1;\n' + filler(20000, ['/*', '*/']),
  'analytics.js': 'fetch("data.json").then(r=>r.json())' +
    '.then(()=>{new Image().src="img/pixel.svg"});\n' +
    filler(15000, ['/*', '*/']),
  'later.js': 'const s=document.createElement("script");s.src="widget.js";' +
    'document.head.append(s);\n' + filler(25000, ['/*', '*/']),
  'widget.js': filler(8000, ['/*', '*/']),
  'end.js': filler(10000, ['/*', '*/']),
  'data.json': JSON.stringify(Array.from({length: 400}, (_, i) => i * i)),
  'text.woff2': noise(18000, 11),
  'head.woff2': noise(14000, 13),
  'img/hero.svg': drawing('#246', 60000),
  'img/back.svg': drawing('#eee', 5000),
  'img/icon.svg': drawing('#246', 1000),
  'img/pixel.svg': drawing('#fff', 100),
};
for (let i = 0; i < 12; ++i) {
  files[`img/photo${i}.svg`] = drawing('#864', 12000 + 1500 * i);
}
for (const [name, content] of Object.entries(files)) {
  writeFileSync(join(folder, name), content);
}
