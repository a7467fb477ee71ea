// Runs in the page, as text: waits until `count` other files have arrived, and
// returns the paints. Times are milliseconds since the request of the document.
export async function paints(count) {
  const resources = () => performance.getEntriesByType('resource');
  while (document.readyState !== 'complete' ||
         new Set(resources().map(entry => entry.name)).size < count) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  await new Promise(resolve => setTimeout(resolve, 300));  // for the last paint
  const entries = type => new Promise(resolve => {
    const seen = [];
    new PerformanceObserver(list => seen.push(...list.getEntries()))
      .observe({type, buffered: true});
    setTimeout(() => resolve(seen), 100);
  });
  const [navigation] = performance.getEntriesByType('navigation');
  const sent = navigation.requestStart;
  const since = time => Math.round((time - sent) * 10) / 10;
  const paint = (await entries('paint')).find(e => e.name === 'first-contentful-paint');
  // The last candidate is the largest.
  const largest = (await entries('largest-contentful-paint')).at(-1);
  const path = url => new URL(url || location.href).pathname;
  return {
    fcp: paint ? since(paint.startTime) : null,
    lcp: largest ? since(largest.startTime) : null,
    lcp_element: largest ? path(largest.url) : null,
    connected: Math.round((sent - navigation.connectStart) * 10) / 10,
    timings: [navigation, ...resources()].map(
      e => [path(e.name), since(e.requestStart), since(e.responseEnd)]),
  };
}
