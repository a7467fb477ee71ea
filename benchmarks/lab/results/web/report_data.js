"use strict";
// The data of the report: the index, and timelines, which are inflated when the
// user looks at a run. html_report.cc and run_file.h have the formats.

const data = (() => {
  const inflate = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream();
    const inflated = stream.pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(inflated).arrayBuffer());
  };

  // The numbers of byte_columns.h. Times in nanoseconds stay below 2^53.
  class Reader {
    constructor(bytes) {
      this.bytes = bytes;
      this.at = 0;
    }

    unsigned() {
      let value = 0;
      for (let unit = 1; ; unit *= 128) {
        if (this.at >= this.bytes.length) throw new Error("a timeline is cut off");
        const byte = this.bytes[this.at++];
        value += (byte & 127) * unit;
        if (byte < 128) return value;
      }
    }

    signed() {
      const value = this.unsigned();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }

    column() {
      const values = new Array(this.unsigned());
      for (let i = 0; i < values.length; ) {
        const value = this.signed();
        for (let more = this.unsigned(); more >= 0; --more) values[i++] = value;
      }
      return values;
    }

    // A column of differences, summed up.
    sums() {
      let sum = 0;
      return this.column().map((gap) => (sum += gap));
    }

    // The same in milliseconds.
    times() {
      return this.sums().map((ns) => ns / 1e6);
    }
  }

  const zip = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, i) =>
      Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };

  // The runs of a line, in their order.
  const readLine = (bytes) => {
    const reader = new Reader(bytes);
    const timelines = [];
    while (reader.at < bytes.length) {
      const end = reader.unsigned() + reader.at;
      timelines.push(bytes.subarray(reader.at, end));
      reader.at = end;
    }
    return timelines;
  };

  // The first part of a timeline.
  const readTimings = (reader) => {
    const stream = reader.column();
    const requestedNs = reader.sums();
    const completed = reader.column().map((ns, i) => (requestedNs[i] + ns) / 1e6);
    return zip({ stream, requested: requestedNs.map((ns) => ns / 1e6), completed });
  };

  const readTimeline = (bytes) => {
    const reader = new Reader(bytes);
    const timings = readTimings(reader);
    const requests = zip({ resource: reader.column(), at: reader.times() });
    const resource = reader.column();
    const size = reader.column();
    const picks = zip({ resource, bytes: size, at: reader.times() });
    const same = reader.unsigned() === 1;
    const arrivals = zip({
      resource: same ? resource : reader.column(),
      bytes: same ? size : reader.column(),
      at: reader.times(),
    });
    const signals = zip({
      stream: reader.sums(),
      at: reader.times(),
      kind: reader.column(),
      dependency: reader.column(),
      value: reader.column(),
      withRequest: reader.column(),
    });
    const tree = zip({
      at: reader.times(),
      stream: reader.column(),
      state: reader.column(),
      parent: reader.column(),
      weight: reader.column(),
    });
    if (reader.at !== bytes.length) throw new Error("a timeline is too long");
    return { timings, requests, picks, arrivals, signals, tree };
  };

  const readIndex = (index) => ({
    ...index,
    pages: index.pages.map((page) => ({
      ...page,
      resources: page.resources.map(([id, label, type, bytes, flags, level, finalLevel, initiator, url]) => ({
        id, label, bytes, level, finalLevel, initiator, url,
        type: index.types[type],
        redirect: (flags & 1) !== 0,
        renderCritical: (flags & 2) !== 0,
        aboveTheFold: (flags & 4) !== 0,
      })),
    })),
    runs: index.runs.map(([page, setting, policy, seed, times, lowerFirst, classes, reaction, line, place]) => ({
      page, setting, policy, seed, lowerFirst, line, place,
      // Of the metrics, and after them of the classes.
      times: [...times, ...classes].map((us) => (us === null ? null : us / 1000)),
      reaction: reaction === null ? null : reaction / 1000,
    })),
    // Of a page, setting and seed the painted area of the best order found, and
    // what no order is below; null: not known.
    best: (index.best ?? []).map(([page, setting, seed, found, bound]) => ({
      page, setting, seed, found: found / 1000, bound: bound === null ? null : bound / 1000,
    })),
    summaries: index.summaries.map(
      ([metric, setting, policy, pages, lowerQuartile, median, upperQuartile, low, high, noise, mayEqual]) => ({
        metric, setting, policy, pages, lowerQuartile, median, upperQuartile, low, high, noise, mayEqual,
      })),
  });

  const text = (id) => document.getElementById(id).textContent;
  let lines = null;
  const inflated = new Map(); // number of a line → its runs, for the last few
  const read = new Map(); // run → its timeline, for the last few

  // The runs of a line, inflated once.
  const runsOf = (number) => {
    if (!inflated.has(number)) {
      lines ??= text("timelines").trim().split("\n");
      if (inflated.size >= 4) inflated.delete(inflated.keys().next().value);
      inflated.set(number, inflate(lines[number]).then(readLine));
    }
    return inflated.get(number);
  };

  return {
    index: async () =>
      readIndex(JSON.parse(new TextDecoder().decode(await inflate(text("index").trim())))),

    // Null, here and below: the report had no room for it.
    timeline: async (run) => {
      if (run.line < 0) return null;
      if (!read.has(run)) {
        if (read.size >= 8) read.delete(read.keys().next().value);
        read.set(run, readTimeline((await runsOf(run.line))[run.place]));
      }
      return read.get(run);
    },

    // Its part that has the times of resources.
    timings: async (run) => (run.line < 0 ? null : readTimings(new Reader((await runsOf(run.line))[run.place]))),

    // Pieces as blocks of time in which one resource had the wire: pieces in a
    // row of one resource are one block. A piece ends (arrivals) or begins
    // (picks) at its time and reaches to its neighbour, but over no pause.
    blocks: (pieces, endsAtTime) => {
      const gaps = pieces.slice(1).map((piece, i) => piece.at - pieces[i].at);
      const sorted = gaps.filter((gap) => gap > 0).sort((a, b) => a - b);
      const longest = sorted.length > 0 ? 2 * sorted[sorted.length >> 1] : 1;
      const blocks = [];
      pieces.forEach((piece, i) => {
        const gap = endsAtTime ? gaps[i - 1] : gaps[i];
        const length = Math.min(gap ?? longest, longest);
        const start = endsAtTime ? piece.at - length : piece.at;
        const last = blocks[blocks.length - 1];
        if (last && last.resource === piece.resource && start - last.end < 1e-6) {
          last.end = start + length;
          last.bytes += piece.bytes;
          last.pieces += 1;
        } else {
          blocks.push({ resource: piece.resource, start, end: start + length, bytes: piece.bytes, pieces: 1 });
        }
      });
      return blocks;
    },
  };
})();
