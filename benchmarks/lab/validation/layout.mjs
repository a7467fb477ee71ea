// Where images are on the first screen: areas grow with bytes, so that the
// largest in bytes is the largest contentful paint.
export const VIEWPORT = {width: 1280, height: 800};

// Where everything else is: below that screen.
export const BELOW = {left: 0, top: 3000, width: 120, height: 95};

// Chromium does not count images below 10,000 square pixels among the first
// ones that it asks for early.
const LEAST_AREA = 11000;
// Above, an image has so few bits a pixel that it is no contentful paint.
const MOST_AREA_A_BYTE = 100;
const TOP = 90;  // below the text
const GAP = 4;

function sizeOf(bytes, areaAByte) {
  const area = Math.max(LEAST_AREA, bytes * areaAByte);
  const width = Math.round(Math.sqrt(area * 4 / 3));
  return {width, height: Math.round(area / width)};
}

// Rows from the top; false when they leave the screen.
function pack(images, areaAByte) {
  let left = 0, top = TOP, rowHeight = 0;
  for (const image of images) {
    const {width, height} = sizeOf(image.bytes, areaAByte);
    if (left > 0 && left + width > VIEWPORT.width - GAP) {
      top += rowHeight + GAP;
      left = rowHeight = 0;
    }
    image.box = {left, top, width, height};
    left += width + GAP;
    rowHeight = Math.max(rowHeight, height);
    if (left > VIEWPORT.width || top + rowHeight > VIEWPORT.height) return false;
  }
  return true;
}

// Gives each of `images` its box, in pixels.
export function placeImages(images) {
  const largestFirst = [...images].sort((a, b) => b.bytes - a.bytes);
  let areaAByte = MOST_AREA_A_BYTE;
  while (!pack(largestFirst, areaAByte)) {
    areaAByte *= 0.8;
    if (areaAByte < 0.01) throw new Error(`${images.length} images do not fit the first screen`);
  }
}
