// The generator of sites: the page as it was made, and the files that a browser
// gets, say the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

const [generator, planFile, ...pageFiles] = process.env.FILES.split(":");
const { makeSite } = await import(pathToFileURL(generator));
const plan = JSON.parse(readFileSync(planFile, "utf8"));
const pages = new Map(pageFiles.map((file) => JSON.parse(readFileSync(file, "utf8"))).map((page) => [page.page, page]));

const document = { id: 0, type: "html", bytes: 6000, render_blocking: "document" };
const siteOf = (...resources) => makeSite({ format: "h2-page-fixture/1", page: "p", resources: [document, ...resources] });
const textOf = (site, path) => site.files.get(path).toString("latin1");
const madeOf = (site, id) => site.page.resources.find((resource) => resource.id === id);

for (const name of [...plan.teach, ...plan.test]) {
  test(`every resource of ${name} has a file of its size and is found where the page says`, () => {
    const page = pages.get(name);
    const site = makeSite(page);
    const captured = page.resources.filter((resource) => !resource.redirect);
    assert.equal(site.page.resources.length, captured.length);
    for (const { id, bytes, type } of captured) {
      const made = madeOf(site, id);
      const path = made.url.slice(1) || "index.html";
      assert.equal(site.files.get(path).length, made.bytes, path);
      if (type !== "html" && type !== "js") assert.equal(made.bytes, bytes, path);
      assert.ok(made.bytes >= bytes, `${path}: ${made.bytes} of ${bytes}`);
      if (path === "index.html") continue;
      const by = madeOf(site, made.initiator);
      const found = textOf(site, by.url.slice(1) || "index.html").slice(0, made.discovered_at_byte);
      assert.ok(found.includes(path), `${path} is in ${by.url}`);
      if (made.discovered === "stream") assert.ok(found.endsWith(">"), `${path} is found with its tag`);
    }
  });
}

describe("a page file becomes tags", () => {
  test("a tag ends at the byte at which it is discovered", () => {
    const site = siteOf({ id: 1, type: "image", bytes: 900, initiator: 0, discovered: "stream", discovered_at_byte: 4000 });
    assert.equal(madeOf(site, 1).discovered_at_byte, 4000);
    assert.match(textOf(site, "index.html").slice(0, 4000), /<img src="r1.png"[^>]*>$/);
  });

  test("what blocks is in the head, before the body that images open", () => {
    const site = siteOf(
      { id: 1, type: "image", bytes: 900, initiator: 0 },
      { id: 2, type: "css", bytes: 900, initiator: 0, render_blocking: "render" },
      { id: 3, type: "js", bytes: 900, initiator: 0, render_blocking: "parser" });
    const [head, body] = textOf(site, "index.html").split("<body");
    assert.match(head, /r2\.css.*r3\.js/s);
    assert.match(body, /r1\.png/);
  });

  test("a script behind an image is asked for at Medium, before one at High", () => {
    const late = { type: "js", bytes: 900, initiator: 0, render_blocking: "parser-late" };
    const site = siteOf({ id: 1, ...late }, { id: 2, type: "image", bytes: 900, initiator: 0 }, { id: 3, ...late });
    assert.deepEqual([1, 3].map((id) => madeOf(site, id).chrome_priority), ["High", "Medium"]);
  });

  test("a redirect has no file; its initiator discovers what it discovered", () => {
    const site = siteOf(
      { id: 1, type: "image", bytes: 70, initiator: 0, redirect: true, discovery_delay_ms: 200 },
      { id: 2, type: "image", bytes: 900, initiator: 1, discovery_delay_ms: 100 });
    assert.deepEqual([...site.files.keys()], ["index.html", "r2.png"]);
    assert.equal(madeOf(site, 2).initiator, 0);
    assert.equal(madeOf(site, 2).discovery_delay_ms, 300);
    assert.match(textOf(site, "index.html"), /setTimeout\(\(\)=>\{im\("r2\.png"[^}]*\},300\)/);
  });

  test("of images in view the largest in bytes is the largest on the screen", () => {
    const image = (id, bytes) => ({ id, type: "image", bytes, initiator: 0, in_viewport: true });
    const html = textOf(siteOf(image(1, 9000), image(2, 80000), image(3, 30000)), "index.html");
    const area = (id) => {
      const [, width, height] = html.match(new RegExp(`r${id}\\.png" width="(\\d+)" height="(\\d+)"`));
      return width * height;
    };
    assert.ok(area(2) > area(3) && area(3) > area(1));
  });

  test("a page with a trigger is refused", () => {
    assert.throws(() => siteOf({ id: 1, type: "js", bytes: 9, trigger: { after_bytes_of: "low", bytes: 9 } }), /trigger/);
  });
});
