// What Chromium's network log says about the one HTTP/2 connection of a load.

const LEVELS = {256: 'VeryHigh', 220: 'High', 183: 'Medium', 147: 'Low', 110: 'VeryLow'};

// {requests: [[path, sent, done, level, priority field], …] in the order of the
// requests, raises: [[path, time, level], …]}. Times are milliseconds since the
// first request. DevTools reports fonts and scripts late; this is the wire.
export function readNetLog(log) {
  const types = Object.fromEntries(
    Object.entries(log.constants.logEventTypes).map(([name, number]) => [number, name]));
  const streams = new Map();
  const raises = [];
  let session, begin;
  for (const event of log.events) {
    const {params = {}} = event;
    const time = Number(event.time);
    switch (types[event.type]) {
      case 'HTTP2_SESSION_SEND_HEADERS': {
        const field = name => params.headers.find(h => h.startsWith(`${name}: `))
          ?.slice(name.length + 2);
        session ??= event.source.id;
        if (event.source.id !== session) throw new Error('a second connection');
        begin ??= time;
        streams.set(params.stream_id, {
          path: field(':path'), sent: time - begin, level: LEVELS[params.weight],
          priority: field('priority') ?? '',
        });
        break;
      }
      case 'HTTP2_SESSION_RECV_DATA':
        if (event.source.id === session && params.fin) {
          streams.get(params.stream_id).done = time - begin;
        }
        break;
      case 'HTTP2_SESSION_SEND_PRIORITY':
      case 'HTTP2_STREAM_SEND_PRIORITY':
        if (streams.has(params.stream_id)) {
          const stream = streams.get(params.stream_id);
          const level = LEVELS[params.weight];
          // A frame of the same level only moves the chain.
          if (level !== stream.now && level !== stream.level) {
            raises.push([stream.path, time - begin, level]);
            stream.now = level;
          }
        }
        break;
    }
  }
  return {
    requests: [...streams.values()].map(
      s => [s.path, s.sent, s.done ?? null, s.level, s.priority]),
    raises,
  };
}
