// Node loads this script before jsii's own program, because fastsynth added it to
// NODE_OPTIONS. It changes three steps of how the jsii kernel loads a large
// package, and nothing else; docs/fast-synth.md explains them.
//
// The rule of this file: whatever is not exactly as expected leaves jsii alone.
"use strict";

const main = process.argv[1] || "";
// jsii starts two Node processes: bin/jsii-runtime.js, which only passes messages
// on, and lib/program.js, the kernel. Every other program is none of our business.
if (/[\\/]lib[\\/]program\.js$/.test(main) && process.execArgv.includes("--preserve-symlinks")) {
  restoreNodeOptions();
  try {
    install();
  } catch (err) {
    debug(`jsii starts as usual: ${err.message}`);
  }
}

function debug(message) {
  if (/^debug$/i.test(process.env.FASTSYNTH || "")) {
    require("fs").writeSync(2, `fastsynth: ${message}\n`);
  }
}

// Programs that the kernel starts get the NODE_OPTIONS that they would have had
// without fastsynth.
function restoreNodeOptions() {
  const ours = ` "--require=${__filename.replace(/[\\"]/g, "\\$&")}"`;
  const options = process.env.NODE_OPTIONS || "";
  if (options.endsWith(ours)) {
    process.env.NODE_OPTIONS = options.slice(0, -ours.length);
  }
}

function install() {
  const env = process.env;
  if (env.JSII_VALIDATE_ASSEMBLIES) throw new Error("JSII_VALIDATE_ASSEMBLIES needs whole manifests");
  if (env.JSII_RUNTIME_PACKAGE_CACHE && env.JSII_RUNTIME_PACKAGE_CACHE.toLowerCase() !== "enabled") {
    throw new Error("JSII_RUNTIME_PACKAGE_CACHE switches caches off");
  }
  const Module = require("module");
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (filename === main) {
      Module.prototype._compile = compile;
      try {
        content = patch(content, Module);
      } catch (err) {
        debug(`jsii starts as usual: ${err.message}`);
      }
    }
    return compile.call(this, content, filename, ...rest);
  };
}

// patch returns the kernel's source with calls to our hooks. Only sources that
// the hooks were written and tested for are patched, by content.
function patch(content, Module) {
  const digest = require("crypto").createHash("sha256").update(content).digest("hex");
  const version = {
    // @jsii/runtime, lib/program.js
    "f04fb10127c29c3bf9dc871f47001931f2ef7ab02bde02d59ec31dc5cca81bfc": "1.112.0",
  }[digest];
  if (!version) throw new Error(`this version of the jsii runtime is not known (${digest})`);

  const replace = (count, from, to) => {
    const parts = content.split(from);
    if (parts.length !== count + 1) throw new Error(`the jsii runtime does not look like ${version}`);
    content = parts.join(to);
  };
  replace(1, "tar.extract(req.tarball, packageDir, {", "fastsynth.extract(tar.extract, req.tarball, packageDir, {");
  replace(1, "spec.loadAssemblyFromPath(packageDir,", "fastsynth.manifest(spec.loadAssemblyFromPath, packageDir,");
  for (const [variable, of] of [["_a", "assm.metadata"], ["_b", "assm.metadata"], ["_c", "assmSpec"]]) {
    const types = `${variable} = ${of}.types) !== null && ${variable} !== void 0 ? ${variable} : {})`;
    replace(1, `Object.keys((${types}.length`, `fastsynth.count(${of})`);
  }

  const symbol = Symbol.for("fastsynth");
  globalThis[symbol] = hooks(Module);
  // On the first line, so that line numbers in stack traces stay right.
  return `var fastsynth = globalThis[Symbol.for("fastsynth")]; delete globalThis[Symbol.for("fastsynth")]; ${content}`;
}

function hooks(Module) {
  const fs = require("fs");
  const path = require("path");
  const { openStore } = require("./store.js");
  const packages = new Map(); // folder that the kernel wants a package in -> store
  const counts = new WeakMap(); // manifest -> number of its types

  // A package's files are written when Node is about to look for them.
  const findPath = Module._findPath;
  function findPathAfterUnpacking(request, paths, ...rest) {
    for (const base of path.isAbsolute(request) ? [""] : paths || []) {
      const wanted = path.resolve(base, request);
      for (const [dir, store] of packages) {
        if (wanted === dir || wanted.startsWith(dir + path.sep)) {
          store.unpack(dir, path.relative(dir, wanted).split(path.sep).join("/"));
        }
      }
    }
    return findPath.call(this, request, paths, ...rest);
  }

  return {
    extract(extract, tarball, dir, ...rest) {
      const [, name, version] = rest;
      const store = openStore(tarball, name, version, debug);
      if (store) {
        try {
          fs.mkdirSync(dir, { recursive: true });
          store.unpack(dir, "package.json");
          packages.set(dir, store);
          Module._findPath = findPathAfterUnpacking;
          return {};
        } catch (err) {
          debug(`${name}: unpacking as usual: ${err.message}`);
          packages.delete(dir);
          fs.rmSync(dir, { force: true, recursive: true });
        }
      }
      return extract(tarball, dir, ...rest);
    },
    manifest(load, dir, ...rest) {
      const store = packages.get(dir);
      if (!store) return load(dir, ...rest);
      const manifest = store.manifest();
      counts.set(manifest, store.typeCount);
      return manifest;
    },
    count(manifest) {
      return counts.get(manifest) ?? Object.keys(manifest.types ?? {}).length;
    },
  };
}
