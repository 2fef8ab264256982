// node some.js <folder of the scripts> <archive> <namespace>...
// writes, as JSON, the files of a package that is the archive's with these namespaces
// only, and with a readme that makes it just large enough to be worth a store.
"use strict";

const crypto = require("crypto");
const path = require("path");

const [scripts, archive, ...namespaces] = process.argv.slice(2);
const { openStore } = require(path.join(scripts, "store.js"));

const name = "@cdktf/provider-aws";
const [, version] = /provider-aws-([\d.]+)\.tgz$/.exec(archive);
const store = openStore(archive, name, version, () => {}, console.error);
const read = (file) => store.piece(store.files.get(file)).toString();

const files = { "package.json": read("package.json"), "lib/lazy-index.js": "", "lib/index.js": "" };
for (const line of read("lib/lazy-index.js").split("\n")) {
  const [, namespace, request] = /^Object\.defineProperty\(exports, '(\w+)', .*require\('([^']+)'\)/.exec(line) ?? [];
  if (namespace && !namespaces.includes(namespace)) continue;
  files["lib/lazy-index.js"] += `${line}\n`;
  files["lib/index.js"] += namespace ? `exports.${namespace} = require("${request}");\n` : `${line}\n`;
  if (!namespace) continue;
  const module = path.posix.join("lib", request, "index.js");
  files[module] = read(module);
  store.groups.get(`${name}.${namespace}`).forEach((piece) => store.readTypes(piece));
}
const types = Object.fromEntries([...store.types].map(([fqn, type]) => [fqn, JSON.parse(type)]));
// What cannot be compressed, and always the same.
const noise = crypto.createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(4.2e6));
files[".jsii"] = JSON.stringify({ ...store.manifest(), readme: { markdown: noise.toString("base64") }, types });
process.stdout.write(JSON.stringify(files));
