// The bytes of one resource: what it discovers, then filler up to its size.
import {deflateSync} from 'node:zlib';

// Bytes that do not compress, the same every time (xorshift).
export function noise(size, seed) {
  const bytes = Buffer.alloc(size);
  let state = seed * 2654435761 | 1;
  for (let i = 0; i < size; ++i) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

// `text` with a comment behind it: `size` bytes in all, or more if it needs them.
export function padded(text, size, [open, close]) {
  const room = size - text.length - open.length - close.length;
  if (room >= 0) return Buffer.from(text + open + '.'.repeat(room) + close);
  return Buffer.from(text.padEnd(size));
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

// A grey PNG whose pixels come last, so that nothing of it is seen before it is
// whole; where the size does not hold one, noise.
function png({width, height}, size, seed) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 1;  // one bit a pixel
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height);
  const begin = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header)]);
  const end = Buffer.concat([chunk('IDAT', deflateSync(rows, {level: 9})),
                             chunk('IEND', Buffer.alloc(0))]);
  const room = size - begin.length - end.length;
  if (room < 12) {
    const bare = Buffer.concat([begin, end]);
    return bare.length <= size ? Buffer.concat([bare, noise(size - bare.length, seed)])
                               : noise(size, seed);
  }
  return Buffer.concat([begin, chunk('fiLl', noise(room - 12, seed)), end]);
}

const url = r => JSON.stringify(r.path);

// Rules that make a font and a background needed by the text and the box that
// the document has for them.
export function styleFor(child) {
  switch (child.way) {
    case 'import':
      return `@import ${url(child)};`;
    case 'background':
      return `#b${child.id}{background:url(${child.path})}`;
    default:
      return `@font-face{font-family:f${child.id};src:url(${child.path})}` +
        `#t${child.id}{font-family:f${child.id}}`;
  }
}

// A statement that loads `child` as the functions of the document do.
export function statementFor(child) {
  const box = Object.values(child.box).join();
  const call = {
    asyncScript: `js(${url(child)})`,
    urgentScript: `js(${url(child)},1)`,
    preloadScript: `js(${url(child)},1)`,
    prefetch: `li(${url(child)},'prefetch')`,
    lazyStyle: `li(${url(child)},'stylesheet')`,
    image: `im(${url(child)},0,[${box}])`,
    urgentImage: `im(${url(child)},1,[${box}])`,
    font: `new FontFace('f${child.id}','url(${child.path})').load().catch(()=>0)`,
    fetch: `fetch(${url(child)})`,
    lowFetch: `fetch(${url(child)},{priority:'low'})`,
    frame: `fr(${url(child)})`,
  }[child.way];
  if (!call) throw new Error(`a script cannot load resource ${child.id} as ${child.way}`);
  return child.timer > 0 ? `setTimeout(()=>{${call}},${child.timer});` : `${call};`;
}

// The content of anything but the document.
export function contentOf(r) {
  switch (r.type) {
    case 'html':
      return padded('<!doctype html><title>-</title>', r.bytes, ['<!--', '-->']);
    case 'css': {
      const first = r.children.filter(c => c.way === 'import');
      const rest = r.children.filter(c => c.way !== 'import');
      return padded([...first, ...rest].map(styleFor).join(''), r.bytes, ['/*', '*/']);
    }
    case 'js':
      return padded(r.children.map(statementFor).join(''), r.bytes, ['/*', '*/']);
    case 'image':
      return png(r.box, r.bytes, r.id + 1);
    default:
      return noise(r.bytes, r.id + 1);
  }
}
