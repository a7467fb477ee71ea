// Files by Node's http2 module: node node.js ADDRESS PORT ROOT [CERTIFICATE KEY]
'use strict';

const fs = require('fs');
const http2 = require('http2');
const path = require('path');

const [address, port, root, certificate, key] = process.argv.slice(2);
const server = certificate === undefined ?
    http2.createServer() :
    http2.createSecureServer(
        {cert: fs.readFileSync(certificate), key: fs.readFileSync(key)});
server.on('stream', (stream, headers) => {
  // A client may go away.
  stream.on('error', () => {});
  // Not respondWithFile(): Debian's Node 18 crashes in it, once in some hundred
  // connections that end in the middle of a body.
  const file = fs.createReadStream(path.join(root, headers[':path']));
  file.on('open', () => {
    stream.respond({':status': 200});
    file.pipe(stream);
  });
  file.on('error', () => stream.respond({':status': 404}, {endStream: true}));
  stream.on('close', () => file.destroy());
});
server.listen(Number(port), address);
