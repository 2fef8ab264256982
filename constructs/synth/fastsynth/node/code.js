// V8 compiles JavaScript on every start. This keeps what it made of each module
// in one file of our cache directory, and hands it back when the module's source
// is the same. V8 itself refuses what another version of V8 made.
//
//   code/<key>   SHA-256 of the rest, a line feed, a line of JSON, code
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const vm = require("vm");
const { touch } = require("./store.js");
const temporary = require("./temporary.js");

const LARGEST = 32e6;
// One for each version of Node, and for each of its options: 3 MB and more.
const MOST_FILES = 4;

const sha256 = (content) => crypto.createHash("sha256").update(content).digest("hex");

// Changes to modules that are known by the digest of their source: pairs of what is
// replaced and by what.
const CHANGES = {
  // cdktf 0.21.0, lib/private/fs.js: load 200 modules that make zip files when the
  // first is made
  "3fb8a5949aac34b84430ab6bd18206360bc399d8e1b89a8266e9083f0abd6d53": [
    ['const archiver = require("archiver");', 'const archiver = (...args) => require("archiver")(...args);'],
  ],
  // cdktf 0.21.0, lib/validations/validate-binary-version.js: run "terraform version"
  // once, not once for each stack and resource that needs a version, and beside the
  // rest of the synth
  "bc00400e8f097a1262908868dbea31805bce2006b16a1e7fef5062a2641284e6": [
    ['require("child_process")', `require(${JSON.stringify(path.join(__dirname, "commands.js"))})`],
    ["this.hint = hint;", "this.hint = hint; child_process_1.start(versionCommand);"],
  ],
};

// codeCache returns a function that does what Module.prototype._compile does. It
// returns null when only Node can compile a module, because it uses import().
function codeCache(Module, debug) {
  const folder = path.join(__dirname, "code");
  const file = path.join(folder, sha256(JSON.stringify([process.version, process.arch, process.execArgv, process.env.NODE_OPTIONS])).slice(0, 16));
  const known = read(file, debug);
  const fresh = new Map();

  process.on("exit", () => {
    if (fresh.size === 0) return;
    try {
      write(folder, file, known, fresh);
    } catch (err) {
      debug(`keeping compiled code: ${err.message}`);
    }
  });

  return function compile(module, source, filename) {
    const key = sha256(source);
    const cachedData = known.get(key);
    if (!cachedData && (source.includes("import(") || source.startsWith("#!"))) return null;
    for (const [from, to] of CHANGES[key] ?? []) source = source.replace(from, () => to);
    const script = new vm.Script(Module.wrap(source), { filename, cachedData });
    if (!cachedData || script.cachedDataRejected) fresh.set(key, script);
    const require = (request) => module.require(request);
    require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
    require.resolve.paths = (request) => Module._resolveLookupPaths(request, module);
    require.main = process.mainModule;
    require.extensions = Module._extensions;
    require.cache = Module._cache;
    const run = script.runInThisContext();
    run.call(module.exports, module.exports, require, module, filename, path.dirname(filename));
    return true;
  };
}

// read returns the code in file by the digest of its source.
function read(file, debug) {
  const code = new Map();
  try {
    const content = fs.readFileSync(file);
    touch(file);
    const rest = content.subarray(65);
    if (content.toString("latin1", 0, 65) !== `${sha256(rest)}\n`) throw new Error("it is damaged");
    let start = rest.indexOf("\n") + 1;
    for (const [key, size] of JSON.parse(rest.subarray(0, start))) {
      code.set(key, rest.subarray(start, start + size));
      start += size;
    }
  } catch (err) {
    debug(`no compiled code from ${file}: ${err.message}`);
    code.clear();
  }
  return code;
}

function write(folder, file, known, fresh) {
  const code = new Map(known);
  // After the program has run, so that the functions which were called are in it.
  for (const [key, script] of fresh) code.set(key, script.createCachedData());
  const size = [...code.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  if (size > LARGEST) {
    fs.rmSync(file, { force: true });
    return;
  }
  const head = JSON.stringify([...code].map(([key, bytes]) => [key, bytes.length]));
  const rest = Buffer.concat([Buffer.from(`${head}\n`), ...code.values()]);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const written = path.join(folder, `tmp-${process.pid}-${path.basename(file)}`);
  try {
    fs.writeFileSync(written, `${sha256(rest)}\n`, { flag: "wx", mode: 0o600 });
    fs.appendFileSync(written, rest);
    if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) fs.rmSync(file, { recursive: true });
    fs.renameSync(written, file);
  } finally {
    fs.rmSync(written, { force: true });
  }
  prune(folder);
}

// prune leaves the files that were used last.
function prune(folder) {
  temporary.removeAbandoned(folder, /^tmp-(\d+)-/);
  const used = fs.readdirSync(folder).filter((name) => !name.startsWith("tmp-")).map((name) => {
    const file = path.join(folder, name);
    return [fs.statSync(file).mtimeMs, file];
  });
  used.sort(([a], [b]) => b - a);
  for (const [, file] of used.slice(MOST_FILES)) fs.rmSync(file, { recursive: true, force: true });
}

module.exports = { codeCache };
