// node compare.js <folder of the scripts> <archive> <folder>
// compares everything that a store serves with what the archive holds: of that, the
// folder has the manifest, the index of the modules and the SHA-256 of every file.
"use strict";

const assert = require("assert");
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const [scripts, archive, folder] = process.argv.slice(2);
const { openStore } = require(path.join(scripts, "store.js"));

const want = JSON.parse(fs.readFileSync(path.join(folder, ".jsii")));
const store = openStore(archive, want.name, want.version, console.error);
const got = store.manifest();

assert.deepStrictEqual(Object.keys(got), Object.keys(want).filter((key) => key !== "types").concat("types"));
for (const key of Object.keys(want)) {
  if (key !== "types") assert.deepStrictEqual(got[key], want[key], key);
}
const names = Object.keys(want.types);
assert.strictEqual(store.typeCount, names.length);
for (const name of names) assert.deepStrictEqual(got.types[name], want.types[name], name);
assert.deepStrictEqual(Object.keys(got.types), names);
assert.strictEqual(got.types[`${want.name}.Missing`], undefined);
assert.strictEqual(got.types.missing, undefined);
assert.strictEqual(`${want.name}.Missing` in got.types, false);

let files = 0;
for (const [name, digest] of Object.entries(JSON.parse(fs.readFileSync(path.join(folder, "digests.json"))))) {
  if (!/\.(js|json)$/.test(name) || name === store.index.main) continue;
  assert.strictEqual(crypto.createHash("sha256").update(store.piece(store.files.get(name))).digest("hex"), digest, name);
  files++;
}
assert.strictEqual(store.files.size, files + 1);

// The index exports the same names in the same order, and loads the same modules.
const exportsOf = (source) => {
  const exports = {};
  const loaded = [];
  new Function("exports", "require", source)(exports, (name) => (loaded.push(name), { name }));
  return { exports, loaded };
};
const eager = exportsOf(fs.readFileSync(path.join(folder, "index.js"), "utf8"));
const lazy = exportsOf(store.piece(store.files.get(store.index.main)).toString());
assert.strictEqual(lazy.loaded.length, 0);
assert.deepStrictEqual(Object.keys(lazy.exports), Object.keys(eager.exports));
for (const key of Object.keys(eager.exports)) {
  assert.deepStrictEqual(lazy.exports[key], eager.exports[key], key);
  assert.strictEqual(lazy.exports[key], lazy.exports[key], key);
  assert.deepStrictEqual(Object.getOwnPropertyDescriptor(lazy.exports, key), Object.getOwnPropertyDescriptor(eager.exports, key), key);
}
assert.strictEqual(lazy.exports.__esModule, true);
assert.deepStrictEqual(lazy.loaded, eager.loaded);
console.log(`${names.length} types, ${files} files, ${eager.loaded.length} modules`);
