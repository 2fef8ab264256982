// Node loads this script before jsii's own program, because fastsynth added it to
// NODE_OPTIONS. It changes three steps of how the jsii kernel loads a large
// package, and nothing else; docs/fast-synth.md explains them.
//
// The rule of this file: whatever is not exactly as expected leaves jsii alone.
"use strict";

const main = process.argv[1] || "";
// jsii starts two Node processes: bin/jsii-runtime.js, which only passes messages
// on, and lib/program.js, the kernel. Every other program is none of our business.
if (/[\\/]bin[\\/]jsii-runtime\.js$/.test(main)) {
  attempt(startKernelEarly, debug); // the kernel says the same
} else if (/[\\/]lib[\\/]program\.js$/.test(main) && process.execArgv.includes("--preserve-symlinks")) {
  attempt(restoreNodeOptions, say);
  attempt(changeKernel, say);
}

function attempt(change, report) {
  try {
    change();
  } catch (err) {
    report(`jsii starts as usual: ${err.message}`);
  }
}

// say tells the user why the program is slower than it could be.
function say(message) {
  require("fs").writeSync(2, `fastsynth: ${message}; FASTSYNTH=off hides this\n`);
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

// knownVersion returns the version of the jsii runtime whose file has this
// content. What follows was written for, and tested with, these versions only.
function knownVersion(content) {
  const digest = require("crypto").createHash("sha256").update(content).digest("hex");
  const version = {
    // bin/jsii-runtime.js
    "9363906dc1ea3718986493f30e168147753c3f9c51a5bd5c84b9545d014d56da": "1.112.0",
    "6d2b7d4bd081194983eb491536e69f59acc2a24751df1110c7828eeedf33ece3": "1.119.0",
    // lib/program.js
    "f04fb10127c29c3bf9dc871f47001931f2ef7ab02bde02d59ec31dc5cca81bfc": "1.112.0",
    "d94c22a8f932b83920ed38a1896050c8ca5c61c0d1ed4cd5eed21e568560f1ac": "1.119.0",
  }[digest];
  if (!version) {
    const [, found] = /"name":"@jsii\/runtime","version":"([^"]+)"/.exec(content) ?? [];
    throw new Error(`jsii runtime ${found ?? digest} is not known, only 1.112.0 and 1.119.0 are`);
  }
  return version;
}

// startKernelEarly starts the kernel before the program that is there to start
// it, which takes a while to get to it.
function startKernelEarly() {
  const path = require("path");
  const processes = require("child_process");
  knownVersion(require("fs").readFileSync(main));
  const { spawn } = processes;
  const wanted = [
    process.execPath,
    [...process.execArgv, "--preserve-symlinks", path.resolve(path.dirname(main), "..", "lib", "program.js")],
    { stdio: ["ignore", "pipe", "pipe", "pipe"] },
  ];
  const kernel = spawn(...wanted);
  processes.spawn = function (...args) {
    processes.spawn = spawn;
    if (JSON.stringify(args) === JSON.stringify(wanted)) return kernel;
    kernel.kill();
    return spawn.apply(this, args);
  };
}

function changeKernel() {
  const { env } = process;
  if (env.JSII_VALIDATE_ASSEMBLIES) throw new Error("JSII_VALIDATE_ASSEMBLIES needs whole manifests");
  if (env.JSII_RUNTIME_PACKAGE_CACHE && env.JSII_RUNTIME_PACKAGE_CACHE.toLowerCase() !== "enabled") {
    throw new Error("JSII_RUNTIME_PACKAGE_CACHE switches caches off");
  }
  const Module = require("module");
  const nodeCompiles = Module.prototype._compile;
  let compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    if (filename === main) {
      try {
        content = patch(content, Module);
        compile = require("./code.js").codeCache(Module, debug);
      } catch (err) {
        say(`jsii starts as usual: ${err.message}`);
        Module.prototype._compile = nodeCompiles;
      }
    }
    if (!compile || !(rest[0] === undefined || rest[0] === "commonjs")) {
      return nodeCompiles.call(this, content, filename, ...rest);
    }
    return compile(this, content, filename) ?? nodeCompiles.call(this, content, filename, ...rest);
  };
}

// patch returns the kernel's source with calls to our hooks.
function patch(content, Module) {
  const version = knownVersion(content);
  const replace = (from, to) => {
    const at = content.indexOf(from);
    if (at < 0 || content.indexOf(from, at + 1) >= 0) throw new Error(`the jsii runtime does not look like ${version}`);
    content = content.slice(0, at) + to + content.slice(at + from.length);
  };
  replace("tar.extract(req.tarball, packageDir, {", "fastsynth.extract(tar.extract, req.tarball, packageDir, {");
  replace("spec.loadAssemblyFromPath(packageDir,", "fastsynth.manifest(spec.loadAssemblyFromPath, packageDir,");
  for (const [variable, of] of [["_a", "assm.metadata"], ["_b", "assm.metadata"], ["_c", "assmSpec"]]) {
    const types = `${variable} = ${of}.types) !== null && ${variable} !== void 0 ? ${variable} : {})`;
    replace(`Object.keys((${types}.length`, `fastsynth.count(${of})`);
  }
  // jsii makes this message for every value that it passes on.
  replace("assert(typeRef != null, `Kernel error: expected", "typeRef != null || assert(typeRef != null, `Kernel error: expected");

  const symbol = Symbol.for("fastsynth");
  globalThis[symbol] = hooks(Module);
  // On the first line, so that line numbers in stack traces stay right.
  return `var fastsynth = globalThis[Symbol.for("fastsynth")]; delete globalThis[Symbol.for("fastsynth")]; ${content}`;
}

function hooks(Module) {
  const fs = require("fs");
  const path = require("path");
  const { openStore } = require("./store.js");
  const temporary = require("./temporary.js");
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

  temporary.removeAbandoned();
  return {
    extract(extract, tarball, dir, ...rest) {
      // What jsii has put into the temporary folder goes now, and not when the
      // program ends: it may be interrupted, and most programs never close jsii.
      removeRuntime(path.dirname(path.dirname(main)));
      tarball = temporary.take(tarball);
      try {
        return fetch(extract, tarball, dir, ...rest);
      } finally {
        remove(tarball);
      }
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

  function fetch(extract, tarball, dir, ...rest) {
    const [, name, version] = rest;
    const store = openStore(tarball, name, version, debug, say);
    if (store) {
      try {
        fs.mkdirSync(dir, { recursive: true });
        store.unpack(dir, "package.json");
        packages.set(dir, store);
        Module._findPath = findPathAfterUnpacking;
        // Throws when something else replaced how Node finds modules.
        Module.createRequire(path.join(dir, "package.json")).resolve("./");
        return {};
      } catch (err) {
        say(`${name}: unpacking as usual: ${err.message}`);
        packages.delete(dir);
        fs.rmSync(dir, { force: true, recursive: true });
      }
    }
    return extract(tarball, dir, ...rest);
  }

  // Both programs of the runtime have been read when the first package comes.
  function removeRuntime(dir) {
    if (/^jsii-runtime\.\d+$/.test(path.basename(dir))) remove(dir);
  }

  // In Node's own threads: the kernel goes on meanwhile. What an early end leaves, the next start removes.
  function remove(what) {
    fs.rm(what, { force: true, recursive: true }, () => {});
  }
}
